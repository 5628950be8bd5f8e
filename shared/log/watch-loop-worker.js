/** Plain JavaScript, because a TypeScript worker loads the compiler: 10 MB of memory. See watch-loop.ts. */
import { writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { parentPort, workerData } from 'node:worker_threads';

const { beat, stallMs } = workerData;
/** After this time the main thread may be blocked for good, so the worker writes the line itself. */
const hangMs = 10_000;
/** A block without a stack (another process had the processor) is reported from this length on. */
const reportWithoutStackMs = 1000;
const stackMs = 1000;
const mostFrames = 25;

/** Attaches the inspector for one stack. Resolves with [] when the main thread went on before it was paused. */
function stackOfMain() {
  const session = new Session();
  session.connectToMainThread();
  const { promise, resolve } = Promise.withResolvers();
  const timer = setTimeout(resolve, stackMs, []);
  const scripts = new Map();
  const textOf = ({ functionName, location: { scriptId, lineNumber } }) =>
    `${functionName || '(anonymous)'} ${scripts.get(scriptId) ?? ''}:${lineNumber + 1}`;
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) =>
    scripts.set(scriptId, url.replace('file://', '')),
  );
  session.on('Debugger.paused', ({ params }) => {
    session.post('Debugger.resume');
    resolve(params.callFrames.slice(0, mostFrames).map(textOf));
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
  return promise.finally(() => {
    clearTimeout(timer);
    session.disconnect();
  });
}

const sleep = new Int32Array(new SharedArrayBuffer(4));

/** Compares the counter with its last value; when it has not grown, waits until it does and reports how long that took. */
async function check(last) {
  if (Atomics.load(beat, 0) !== last) return;
  const begun = performance.now() - stallMs;
  const stack = await stackOfMain();
  for (let hung = false; Atomics.load(beat, 0) === last; ) {
    Atomics.wait(sleep, 0, 0, 20);
    if (hung || performance.now() - begun < hangMs) continue;
    hung = true;
    const fields = { level: 'error', time: new Date().toISOString(), pid: process.pid, ms: hangMs, stack };
    try {
      writeSync(1, `${JSON.stringify({ ...fields, msg: 'the event loop is blocked' })}\n`);
    } catch {
      // standard output cannot be written
    }
  }
  const ms = Math.round(performance.now() - begun);
  if (stack.length > 0 || ms > reportWithoutStackMs) parentPort?.postMessage({ ms, stack });
}

for (;;) {
  const last = Atomics.load(beat, 0);
  Atomics.wait(sleep, 0, 0, stallMs);
  await check(last);
}
