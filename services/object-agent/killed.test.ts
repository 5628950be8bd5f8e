/** A writer that dies by kill -9 at any call to the file system leaves the old object or the new one, on every device the same. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  bytesOf,
  callTo,
  filesBelow,
  md5,
  type Store,
  startStore,
  temporary,
  until,
} from '../../test/e2e/object-cloud.ts';

const writer = join(import.meta.dirname, '..', '..', 'test', 'e2e', 'object-writer.ts');
const devices = ['d1', 'd2', 'd3'] as const;
const contents = { old: Buffer.from('old'), new: Buffer.alloc(1_100_000, 'new') };
const fast = { replicateMs: 20, auditMs: 3_600_000, reportMs: 20 };
/** Every call when asked for the whole; else each of these, which meets every kind of call. */
const step = Number(process.env.WATTLE_TEST_EVERY ?? 11);

const titles = { put: 'K49, K50, K51, K52, S23: a put that is killed', delete: 'S23: a delete that is killed' };

type State = 'old' | 'new' | 'gone';

for (const what of ['put', 'delete'] as const)
  for (const moment of ['before', 'after'] as const)
    test(`${titles[what]} ${moment} a call to the disk happened or did not`, async (t) => {
      const seen = new Set<State>();
      let finished = false;
      for (let nth = 1; !finished; nth += step) {
        const folder = temporary(t);
        await prepare(t, folder);
        finished = await isFinished(folder, what, moment, nth);
        const state = await stateAfter(t, folder);
        seen.add(state);
        if (finished) assert.equal(state, what === 'put' ? 'new' : 'gone', 'what was acknowledged is there');
      }
      assert.deepEqual(seen, new Set(what === 'put' ? ['old', 'new'] : ['old', 'gone']));
    });

async function prepare(t: TestContext, folder: string): Promise<void> {
  const store = await startStore(t, {}, {}, {}, folder);
  await store.ask('PUT', '/docs');
  assert.equal((await store.ask('PUT', '/docs/o', {}, contents.old)).status, 201);
  await store.close();
}

async function isFinished(folder: string, what: string, moment: string, nth: number): Promise<boolean> {
  const child = spawn(process.execPath, [writer, folder, what, moment, String(nth)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const [code, signal] = await once(child, 'close');
  assert.ok(code === 0 || signal === 'SIGKILL', `the writer ended with ${code}`);
  return said.includes('done');
}

/** Starts again, and waits until all devices and the listing agree, and nothing is under way. */
async function stateAfter(t: TestContext, folder: string): Promise<State> {
  const store = await startStore(t, fast, {}, {}, folder);
  let states: State[] = [];
  await until(t, async () => {
    states = await Promise.all(devices.map((device) => stateOn(store, device)));
    const listing = await Promise.all(devices.map((device) => listedOn(store, device)));
    const temporaries = devices.flatMap((device) => filesBelow(join(folder, 'object-agent', device, 'tmp')));
    return new Set([...states, ...listing]).size === 1 && temporaries.length === 0;
  });
  const expected = { old: 200, new: 200, gone: 404 }[states[0] as State];
  assert.equal((await store.ask('GET', '/docs/o')).status, expected);
  await store.close();
  return states[0] as State;
}

async function stateOn({ ring, agentOf }: Store, device: string): Promise<State> {
  const answer = await agentOf(device).ask(callTo(ring, 'object', 'GET', device, ['AUTH_p', 'docs', 'o']));
  return answer.status === 404 ? 'gone' : stateOf(md5(await bytesOf(answer)));
}

async function listedOn({ ring, agentOf }: Store, device: string): Promise<State> {
  const { body } = await agentOf(device).ask(callTo(ring, 'container', 'GET', device, ['AUTH_p', 'docs']));
  const [row] = JSON.parse(String(body)) as { etag: string }[];
  return row ? stateOf(row.etag) : 'gone';
}

function stateOf(etag: string): State {
  if (etag === md5(contents.old)) return 'old';
  assert.equal(etag, md5(contents.new), 'nothing else was ever written');
  return 'new';
}
