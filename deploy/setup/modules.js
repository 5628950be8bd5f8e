/** The node modules that package-lock.json names, Node itself among them. */
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { follow } from './child.js';
import { root } from './paths.js';
import { told } from './progress.js';

const nodePackage = `node-${process.platform}-${process.arch}`;

/** npm writes it when, and only when, everything is in place. */
const copyOfTheLock = 'node_modules/.package-lock.json';

export async function ensureModules() {
  if (modulesAreThere()) return linkNode();
  // what stands there already is mended in place: a cloud may be running on it
  const verb = existsSync(join(root, copyOfTheLock)) ? ['install', '--no-save'] : ['ci'];
  await told('node modules', `npm ${verb.join(' ')}`, (onLine) =>
    follow(['npm', ...verb, '--prefer-offline', '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd: root,
      onLine,
      env: withoutOwnNode(),
    }),
  );
  linkNode();
}

/** The npm of Debian 12 leaves the commands of optional packages out of .bin, where npm scripts look first. */
function linkNode() {
  const carried = join(root, 'node_modules', nodePackage, 'bin/node');
  const link = join(root, 'node_modules/.bin/node');
  if (existsSync(carried) && !existsSync(link)) symlinkSync(`../${nodePackage}/bin/node`, link);
}

function modulesAreThere() {
  const [wanted, found] = ['package-lock.json', copyOfTheLock].map((file) => versionsIn(join(root, file)));
  const ours = ([path, { optional }]) => !optional || path === `node_modules/${nodePackage}`;
  return Object.entries(wanted)
    .filter(ours)
    .every(([path, { version }]) => found[path]?.version === version);
}

function versionsIn(file) {
  if (!existsSync(file)) return {};
  const { '': _self, ...packages } = JSON.parse(readFileSync(file, 'utf8')).packages;
  return packages;
}

/** npm ci removes node_modules, and with it the node that an npm script would find first. */
function withoutOwnNode() {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules/.bin'));
  return { ...process.env, PATH: path.join(':') };
}
