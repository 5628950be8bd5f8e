/** Debian packages: all that are missing in one run of apt-get, and none of their services started. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { follow } from './child.js';
import { missingOf, searchPath } from './packages.js';
import { say, told } from './progress.js';

const policy = '/usr/sbin/policy-rc.d';
const ours = '#!/bin/sh\n# made by the set-up of Wattle, for the time of one apt-get run\nexit 101\n';

/** Gives the packages that are still missing: there is no apt here, or we are not root. */
export async function ensurePackages(wanted) {
  const missing = missingOf(wanted);
  if (missing.length === 0) return [];
  const names = [...new Set(missing.map(({ name }) => name))];
  if (process.getuid() !== 0 || !existsSync('/usr/bin/apt-get')) {
    say('packages', `missing, and not ours to install: ${names.join(' ')}`);
    return missing;
  }
  await told('packages', `installing ${names.join(' ')}`, (onLine) => install(names, onLine));
  await keepOff(missing.filter(({ unit }) => unit).map(({ unit }) => unit));
  return missingOf(wanted);
}

async function install(names, onLine) {
  const held = holdServicesBack();
  try {
    if (!hasLists()) await aptGet(['update'], onLine);
    await aptGet(installing(names), onLine).catch(async () => {
      await aptGet(['update'], onLine); // lists grow old: their files leave the mirrors
      await aptGet(installing(names), onLine);
    });
  } finally {
    if (held) rmSync(policy, { force: true });
  }
}

// dpkg's own fsync per file is most of its time, and a half-installed package is simply installed again
const installing = (names) => [
  'install',
  '-y',
  '--no-install-recommends',
  '-o',
  'DPkg::Options::=--force-unsafe-io',
  ...names,
];

const aptGet = (args, onLine) =>
  follow(['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    onLine,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8', PATH: searchPath.join(':') },
  });

const hasLists = () =>
  readdirSync('/var/lib/apt/lists').some((file) => file.endsWith('_Packages') || file.includes('_Packages.'));

/** mariadb, rabbitmq and tgt would start on their usual ports otherwise. False when somebody else holds them back. */
function holdServicesBack() {
  if (existsSync(policy) && readFileSync(policy, 'utf8') !== ours) return false;
  writeFileSync(policy, ours, { mode: 0o755 });
  return true;
}

/** With systemd they would come at the next boot. Only what we installed ourselves is touched. */
async function keepOff(units) {
  if (units.length === 0 || !existsSync('/run/systemd/system')) return;
  await follow(['systemctl', 'disable', ...units]).catch((error) => say('packages', error.message));
}
