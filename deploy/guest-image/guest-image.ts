/** A small guest image for first steps and tests, built from Debian packages and cached until its recipe changes. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '#shared/process/run.ts';
import { cache } from '../setup/paths.js';

const recipe = fileURLToPath(new URL('.', import.meta.url));

/** Returns the path of the qcow2 file: `copyTo`, or its place in the cache. */
export async function ensureGuestImage(copyTo?: string): Promise<string> {
  const cached = join(cache, `guest-${recipeHash()}.qcow2`);
  if (!existsSync(cached)) await build(cached);
  if (copyTo === undefined) return cached;
  copyFileSync(cached, resolve(copyTo));
  return resolve(copyTo);
}

async function build(cached: string): Promise<void> {
  mkdirSync(dirname(cached), { recursive: true });
  const fresh = `${cached}.${process.pid}`;
  process.stderr.write('building the guest image from Debian packages (about half a minute)\n');
  try {
    await run(['bash', join(recipe, 'build.sh'), fresh], { timeoutMs: 10 * 60_000 });
    renameSync(fresh, cached);
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** A hash of the recipe and the architecture; a new kernel package alone does not cause a rebuild. */
function recipeHash(): string {
  const hash = createHash('sha256').update(process.arch);
  const files = readdirSync(recipe, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of files.map((entry) => join(entry.parentPath, entry.name)).toSorted())
    hash.update(file.slice(recipe.length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}
