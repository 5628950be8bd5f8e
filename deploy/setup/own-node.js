/** The project brings its own Node, as a package: the rest runs there. */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { searchPath } from './packages.js';
import { root } from './paths.js';

const carried = join(root, 'node_modules/.bin/node');

/** Goes on with `entry` (a file below the clone) on the project's Node; resolves with its exit code. */
export async function goOn(entry, args) {
  process.env.PATH = [join(root, 'node_modules/.bin'), ...searchPath].join(':');
  const node = existsSync(carried) ? realpathSync(carried) : process.execPath;
  if (realpathSync(process.execPath) !== node) return await asChild(node, [join(root, entry), ...args]);
  if (Number(process.versions.node.split('.')[0]) < 24)
    throw new Error(`no Node 24 for ${process.platform} ${process.arch} here`);
  await import(pathToFileURL(join(root, entry)).href);
  return process.exitCode ?? 0;
}

function asChild(node, words) {
  const child = spawn(node, words, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
