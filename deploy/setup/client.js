/** The stock openstack client, in a virtual environment of its own. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runWithLines } from './child.js';
import { cache } from './paths.js';
import { withProgress } from './progress.js';

const venv = join(cache, 'client');
const python = existsSync('/etc/debian_version') ? '/usr/bin/python3' : 'python3';
/** oauthlib is for the commands of OAuth: consumer, request token, access token. */
const packages = ['python-openstackclient', 'oauthlib'];
/** Lists the installed packages; written when the environment is complete. */
const completeFile = join(venv, 'whole');

export const isClientInstalled = () =>
  existsSync(completeFile) && readFileSync(completeFile, 'utf8') === packages.join(' ');

/**
 * An incomplete environment is created again; packages missing from a complete one are added. It cannot be created
 * elsewhere and moved, since its scripts contain its path.
 */
export async function ensureClient() {
  if (isClientInstalled()) return;
  await withProgress('openstack client', 'python-openstackclient, with pip', async (onLine) => {
    if (!existsSync(completeFile)) await makeEnvironment(onLine);
    const pip = ['install', '--no-compile', '--disable-pip-version-check', '--progress-bar', 'off', ...packages];
    await runWithLines([join(venv, 'bin', 'pip'), ...pip], { onLine });
    await runWithLines([join(venv, 'bin', 'openstack'), '--version'], { onLine, env: compiling });
    writeFileSync(completeFile, packages.join(' '));
  });
}

/** Compiling all modules takes long: one command compiles those that every command loads. */
const compiling = { ...process.env, PYTHONDONTWRITEBYTECODE: '' };

async function makeEnvironment(onLine) {
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  await runWithLines([python, '-m', 'venv', venv], { onLine });
}
