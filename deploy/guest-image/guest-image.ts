/** A small guest for first steps and tests, built from Debian packages and kept until its recipe changes. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '#shared/process/run.ts';
import { cache } from '../setup/paths.js';

const recipe = fileURLToPath(new URL('.', import.meta.url));

/** Gives the qcow2 file: `copyTo`, or where it is kept. */
export async function ensureGuestImage(copyTo?: string): Promise<string> {
  const kept = join(cache, `guest-${stamp()}.qcow2`);
  if (!existsSync(kept)) await build(kept);
  if (copyTo === undefined) return kept;
  copyFileSync(kept, resolve(copyTo));
  return resolve(copyTo);
}

async function build(kept: string): Promise<void> {
  mkdirSync(dirname(kept), { recursive: true });
  const fresh = `${kept}.${process.pid}`;
  process.stderr.write('building the guest image from Debian packages (about half a minute)\n');
  try {
    await run(['bash', join(recipe, 'build.sh'), fresh], { timeoutMs: 10 * 60_000 });
    renameSync(fresh, kept);
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Of the recipe and the machine: another kernel package alone is no reason to build again. */
function stamp(): string {
  const hash = createHash('sha256').update(process.arch);
  const files = readdirSync(recipe, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of files.map((entry) => join(entry.parentPath, entry.name)).toSorted())
    hash.update(file.slice(recipe.length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}
