/** Installs the node modules of package-lock.json, which include Node itself. */
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runWithLines } from './child.js';
import { root } from './paths.js';
import { withProgress } from './progress.js';

const nodePackage = `node-${process.platform}-${process.arch}`;

/** npm writes it last, when all modules are installed. */
const installedLock = 'node_modules/.package-lock.json';

export async function ensureModules() {
  if (areModulesInstalled()) return linkNode();
  // existing modules are updated in place: a cloud may be running on them
  const verb = existsSync(join(root, installedLock)) ? ['install', '--no-save'] : ['ci'];
  await withProgress('node modules', `npm ${verb.join(' ')}`, (onLine) =>
    runWithLines(['npm', ...verb, '--prefer-offline', '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd: root,
      onLine,
      env: withoutOwnNode(),
    }),
  );
  linkNode();
}

/** The npm of Debian 12 does not link commands of optional packages into .bin, which is first in the PATH of npm scripts. */
function linkNode() {
  const ownNode = join(root, 'node_modules', nodePackage, 'bin/node');
  const link = join(root, 'node_modules/.bin/node');
  if (existsSync(ownNode) && !existsSync(link)) symlinkSync(`../${nodePackage}/bin/node`, link);
}

function areModulesInstalled() {
  const [wanted, found] = ['package-lock.json', installedLock].map((file) => versionsIn(join(root, file)));
  const isOurs = ([path, { optional }]) => !optional || path === `node_modules/${nodePackage}`;
  return Object.entries(wanted)
    .filter(isOurs)
    .every(([path, { version }]) => found[path]?.version === version);
}

function versionsIn(file) {
  if (!existsSync(file)) return {};
  const { '': _self, ...packages } = JSON.parse(readFileSync(file, 'utf8')).packages;
  return packages;
}

/** npm ci removes node_modules, and with it the node that is first in the PATH of an npm script. */
function withoutOwnNode() {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules/.bin'));
  return { ...process.env, PATH: path.join(':') };
}
