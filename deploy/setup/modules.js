/** The node modules that package-lock.json names, Node itself among them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { follow } from './child.js';
import { root } from './places.js';
import { told } from './progress.js';

export async function ensureModules() {
  if (modulesAreThere()) return;
  await told('node modules', 'npm ci', (onLine) =>
    follow(['npm', 'ci', '--prefer-offline', '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd: root,
      onLine,
      env: withoutOwnNode(),
    }),
  );
}

/** npm writes its own copy of the lock when, and only when, everything is in place. */
function modulesAreThere() {
  const [wanted, found] = ['package-lock.json', 'node_modules/.package-lock.json'].map((file) =>
    versionsIn(join(root, file)),
  );
  const needed = Object.entries(wanted).filter(([, { optional }]) => !optional);
  return (
    existsSync(join(root, 'node_modules/.bin/node')) &&
    needed.every(([path, { version }]) => found[path]?.version === version)
  );
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
