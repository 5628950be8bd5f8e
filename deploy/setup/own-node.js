/** Runs a file on the project's own Node, which is one of its packages. */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { searchPath } from './packages.js';
import { root } from './paths.js';

const ownNode = join(root, 'node_modules/.bin/node');

/** Runs `entry`, a path relative to the clone, in this process or in a child; resolves with its exit code. */
export async function runOnOwnNode(entry, args) {
  process.env.PATH = [join(root, 'node_modules/.bin'), ...searchPath].join(':');
  const node = existsSync(ownNode) ? realpathSync(ownNode) : process.execPath;
  if (realpathSync(process.execPath) !== node) return await asChild(node, [join(root, entry), ...args]);
  if (Number(process.versions.node.split('.')[0]) < 24)
    throw new Error(`there is no Node 24 package for ${process.platform} ${process.arch}; install Node 24`);
  await import(pathToFileURL(join(root, entry)).href);
  return process.exitCode ?? 0;
}

function asChild(node, argv) {
  const child = spawn(node, argv, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
