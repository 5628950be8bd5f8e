/** Installs all missing Debian packages in one run of apt-get, without starting their services. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { runWithLines } from './child.js';
import { missingOf, searchPath } from './packages.js';
import { report, withProgress } from './progress.js';

const policy = '/usr/sbin/policy-rc.d';
const ourPolicy = '#!/bin/sh\n# made by the set-up of Wattle, for the time of one apt-get run\nexit 101\n';

/** Returns the packages that are still missing, when there is no apt-get or this is not root. */
export async function ensurePackages(wanted) {
  const missing = missingOf(wanted);
  if (missing.length === 0) return [];
  const names = [...new Set(missing.map(({ name }) => name))];
  if (process.getuid() !== 0 || !existsSync('/usr/bin/apt-get')) {
    report('packages', `missing, and not installed (no root, or no apt-get): ${names.join(' ')}`);
    return missing;
  }
  await withProgress('packages', `installing ${names.join(' ')}`, (onLine) => install(names, onLine));
  await disableUnits(missing.filter(({ unit }) => unit).map(({ unit }) => unit));
  return missingOf(wanted);
}

async function install(names, onLine) {
  const held = preventServiceStart();
  try {
    if (!hasLists()) await aptGet(['update'], onLine);
    await aptGet(installing(names), onLine).catch(async () => {
      await aptGet(['update'], onLine); // mirrors remove the files of outdated lists
      await aptGet(installing(names), onLine);
    });
  } finally {
    if (held) rmSync(policy, { force: true });
  }
}

// most of dpkg's time is an fsync per file; after a crash the package is installed again
const installing = (names) => [
  'install',
  '-y',
  '--no-install-recommends',
  '-o',
  'DPkg::Options::=--force-unsafe-io',
  ...names,
];

const aptGet = (args, onLine) =>
  runWithLines(['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    onLine,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8', PATH: searchPath.join(':') },
  });

const hasLists = () =>
  readdirSync('/var/lib/apt/lists').some((file) => file.endsWith('_Packages') || file.includes('_Packages.'));

/** Keeps mariadb, rabbitmq and tgt from starting on their default ports. Returns false when a policy exists already. */
function preventServiceStart() {
  if (existsSync(policy) && readFileSync(policy, 'utf8') !== ourPolicy) return false;
  writeFileSync(policy, ourPolicy, { mode: 0o755 });
  return true;
}

/** Otherwise systemd starts them at the next boot. Applies only to packages installed here. */
async function disableUnits(units) {
  if (units.length === 0 || !existsSync('/run/systemd/system')) return;
  await runWithLines(['systemctl', 'disable', ...units]).catch((error) => report('packages', error.message));
}
