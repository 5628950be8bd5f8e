/** The stock openstack client, in a virtual environment of its own. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { follow } from './child.js';
import { cache } from './paths.js';
import { told } from './progress.js';

const venv = join(cache, 'client');
const python = existsSync('/etc/debian_version') ? '/usr/bin/python3' : 'python3';
/** oauthlib is for the commands of OAuth: consumer, request token, access token. */
const packages = ['python-openstackclient', 'oauthlib'];
/** Says what is in it, once all of it is. */
const whole = join(venv, 'whole');

export const clientIsThere = () => existsSync(whole) && readFileSync(whole, 'utf8') === packages.join(' ');

/**
 * A half-made environment is made again: its scripts name the folder, so it cannot be moved into place. A whole one gets
 * what it lacks.
 */
export async function ensureClient() {
  if (clientIsThere()) return;
  await told('openstack client', 'python-openstackclient, with pip', async (onLine) => {
    if (!existsSync(whole)) await makeEnvironment(onLine);
    const pip = ['install', '--no-compile', '--disable-pip-version-check', '--progress-bar', 'off', ...packages];
    await follow([join(venv, 'bin', 'pip'), ...pip], { onLine });
    await follow([join(venv, 'bin', 'openstack'), '--version'], { onLine, env: compiling });
    writeFileSync(whole, packages.join(' '));
  });
}

/** To compile all of it takes long: one command compiles what every command loads, for those that follow. */
const compiling = { ...process.env, PYTHONDONTWRITEBYTECODE: '' };

async function makeEnvironment(onLine) {
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  await follow([python, '-m', 'venv', venv], { onLine });
}
