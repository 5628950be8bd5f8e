/** Clouds of tests that were interrupted before they purged them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tryRun } from '#shared/process/run.ts';
import { root } from '../setup/paths.js';

/** Purges them; returns their directories. */
export async function purgeLeftClouds(temporary: string): Promise<string[]> {
  const homes = readdirSync(temporary).map((name) => join(temporary, name, 'var'));
  const left = homes.filter((home) => existsSync(join(home, 'id')));
  for (const home of left) {
    const argv = [process.execPath, join(root, 'deploy/wattle.js'), 'purge', '--yes'];
    await tryRun(argv, { cwd: root, env: { WATTLE_VAR: home }, timeoutMs: 240_000 });
  }
  return left;
}
