/** Kills a process at each point of a story, lets the next one go on, and looks at what is left. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { World } from './world.ts';

/** Every fifth point, beginning at another for each story, so that a day's tests end; WATTLE_TEST_EVERY=1 takes each. */
const every = Number(process.env.WATTLE_TEST_EVERY ?? 5);
const node = promisify(execFile);
const worker = join(import.meta.dirname, 'worker.ts');
const cache = mkdtempSync(join(tmpdir(), 'compiled-')); // half of a start is compiling
const env = { ...process.env, NODE_COMPILE_CACHE: cache };
const wide = { concurrency: 2, timeout: Number.POSITIVE_INFINITY };
/** Fewer points than this were not a story. */
const leastPoints = 6;

/** `file` is the module that exports `world`: `import.meta.filename` of it. */
export function killAnywhere(title: string, file: string, world: World): void {
  after(() => rmSync(cache, { recursive: true, force: true }));
  describe(`${title}: killed before and after every effect and every commit`, wide, () => {
    for (const [story, end] of Object.entries(world.stories))
      test(`${story} ends whole`, { timeout: 3_000_000 / every }, (t) => liveManyTimes(t, { file, world, story, end }));
  });
}

interface Lives {
  readonly file: string;
  readonly world: World;
  readonly story: string;
  readonly end: unknown;
}

const firstOf = (story: string): number =>
  1 + ([...story].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % every);

async function liveManyTimes(t: TestContext, { file, world, story, end }: Lives): Promise<void> {
  let dieAt = firstOf(story);
  let deaths = -1; // the last life has nothing left to die in
  for (let died = true; died; dieAt += every) {
    deaths += 1;
    const dir = mkdtempSync(join(tmpdir(), 'kill-'));
    try {
      died = await dies([worker, file, dir, story, String(dieAt)]);
      await world.live(dir, story, () => {});
      assert.deepEqual(await world.look(dir, story), end, `killed at point ${dieAt}`);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
  assert.ok(dieAt > leastPoints, `only ${dieAt} points were passed`);
  t.diagnostic(`${deaths} deaths`);
}

/** A life takes a second or two of CPU, which on a busy machine takes its time. */
const patienceMs = 240_000;

/** True when the process was killed, false when it had nothing left to die in. */
const dies = (words: readonly string[]): Promise<boolean> =>
  node(process.execPath, words, { env, timeout: patienceMs, killSignal: 'SIGTERM' }).then(
    () => false,
    (error: { signal?: string; stderr?: string }) =>
      error.signal === 'SIGKILL' || assert.fail(`${error.signal} ${error.stderr}`),
  );
