/** Kills a process at each point of a story, runs another to the end, and checks the state it leaves: see world.ts. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { World } from './world.ts';

/** Every fifth point is tried, with another first one for each story, to save time; WATTLE_TEST_EVERY=1 tries each. */
const asked = process.env.WATTLE_TEST_EVERY;
const usual = 5;
const node = promisify(execFile);
const worker = join(import.meta.dirname, 'worker.ts');
const cache = mkdtempSync(join(tmpdir(), 'compiled-')); // compiling is half of the time of a start
const env = { ...process.env, NODE_COMPILE_CACHE: cache };
const wide = { concurrency: 2, timeout: Number.POSITIVE_INFINITY };
/** A story with fewer points was not run. */
const leastPoints = 6;

/**
 * `file` is the module that exports `world`: `import.meta.filename` of it. A world with many points tries only every n-th one
 * (`every`), and begins each day with another one.
 */
export function killAnywhere(title: string, file: string, world: World, often = usual): void {
  const every = Number(asked ?? often);
  after(() => rmSync(cache, { recursive: true, force: true }));
  describe(`${title}: killed before and after every effect and every commit`, wide, () => {
    for (const [story, end] of Object.entries(world.stories))
      test(`${story} ends whole`, { timeout: 3_000_000 / every }, (t) =>
        killAtEachPoint(t, { file, world, story, end, every }),
      );
  });
}

interface Case {
  readonly file: string;
  readonly world: World;
  readonly story: string;
  readonly end: unknown;
  readonly every: number;
}

const today = Math.floor(Date.now() / 86_400_000);
const firstOf = (story: string, every: number): number =>
  1 + ([...story].reduce((sum, letter) => sum + letter.charCodeAt(0), every === usual ? 0 : today) % every);

async function killAtEachPoint(t: TestContext, { file, world, story, end, every }: Case): Promise<void> {
  let dieAt = firstOf(story, every);
  let kills = -1; // the last run ends before its point
  for (let killed = true; killed; dieAt += every) {
    kills += 1;
    const dir = mkdtempSync(join(tmpdir(), 'kill-'));
    try {
      killed = await isKilled([worker, file, dir, story, String(dieAt)]);
      await world.live(dir, story, () => {});
      assert.deepEqual(await world.look(dir, story), end, `killed at point ${dieAt}`);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
  assert.ok(dieAt > leastPoints, `only ${dieAt} points were passed`);
  t.diagnostic(`${kills} kills`);
}

/** A run takes a second or two of CPU, and much longer on a busy machine. */
const timeoutMs = 240_000;

/** True when the process was killed at its point, false when it ended before. */
const isKilled = (args: readonly string[]): Promise<boolean> =>
  node(process.execPath, args, { env, timeout: timeoutMs, killSignal: 'SIGTERM' }).then(
    () => false,
    (error: { signal?: string; stderr?: string }) =>
      error.signal === 'SIGKILL' || assert.fail(`${error.signal} ${error.stderr}`),
  );
