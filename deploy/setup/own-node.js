/** Runs a file on the project's own Node, which is one of its packages. */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { searchPath } from './packages.js';
import { root } from './paths.js';

/** Beside this package where npm has put its dependencies there, and not linked by the npm of Debian 12. */
const nodePackage = `node-${process.platform}-${process.arch}/bin/node`;
const places = ['node_modules/.bin/node', `node_modules/${nodePackage}`, `../${nodePackage}`];
/** Looked for after set-up, which installs it in a fresh clone. */
const findOwnNode = () => places.map((place) => join(root, place)).find(existsSync);

/** Runs `entry`, a path relative to the clone, in this process or in a child; resolves with its exit code. */
export async function runOnOwnNode(entry, args) {
  const node = realpathSync(findOwnNode() ?? process.execPath);
  process.env.PATH = [join(root, 'node_modules/.bin'), dirname(node), ...searchPath].join(':');
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
