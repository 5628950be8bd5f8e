/** Plain JavaScript: as TypeScript a worker loads the compiler, 10 MB of memory. See watch-loop.ts. */
import { writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { parentPort, workerData } from 'node:worker_threads';

const { beat, stallMs } = workerData;
/** Standing so long it may never go on: then the line is written from here. */
const hangMs = 10_000;
/** Without a stack nothing of ours ran: another process had the processor. */
const worthTellingMs = 1000;
const stackMs = 1000;
const mostFrames = 25;

/** The inspector is attached for this look alone. Empty when the main thread went on before it was asked. */
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

/** Looks whether the beat has come since the last look; where it has not, tells of it once it comes again. */
async function look(last) {
  if (Atomics.load(beat, 0) !== last) return;
  const begun = performance.now() - stallMs;
  const stack = await stackOfMain();
  for (let hung = false; Atomics.load(beat, 0) === last; ) {
    Atomics.wait(sleep, 0, 0, 20);
    if (hung || performance.now() - begun < hangMs) continue;
    hung = true;
    const fields = { level: 'error', time: new Date().toISOString(), pid: process.pid, ms: hangMs, stack };
    try {
      writeSync(1, `${JSON.stringify({ ...fields, msg: 'the event loop stands still' })}\n`);
    } catch {
      // nobody can be told
    }
  }
  const ms = Math.round(performance.now() - begun);
  if (stack.length > 0 || ms > worthTellingMs) parentPort?.postMessage({ ms, stack });
}

for (;;) {
  const last = Atomics.load(beat, 0);
  Atomics.wait(sleep, 0, 0, stallMs);
  await look(last);
}
