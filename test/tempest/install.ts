/** Tempest from PyPI, in a virtual environment of its own beside the stock client's. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '#shared/process/run.ts';
import { cache } from '../../deploy/setup/paths.js';

const version = '47.0.0';
/** Keystone's own tests of its rules. */
const plugin = 'keystone-tempest-plugin==0.22.0';
const venv = join(cache, 'tempest');
const whole = join(venv, `whole-${version}-${plugin}`);

export const tempestBin = join(venv, 'bin', 'tempest');

/** Where pip finds its registry, when the environment says it. */
const registry = () =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value = '']) =>
      /^(PIP|REQUESTS)_|_proxy$/i.test(name) ? [[name, value]] : [],
    ),
  );

/** A half-made environment is made again: its scripts name the folder, so it cannot be moved into place. */
export async function ensureTempest(say: (words: string) => void): Promise<void> {
  if (existsSync(whole)) return;
  say(`installing Tempest ${version} and ${plugin} with pip`);
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(dirname(venv), { recursive: true });
  const python = existsSync('/etc/debian_version') ? '/usr/bin/python3' : 'python3';
  await run([python, '-m', 'venv', venv], { timeoutMs: 300_000 });
  const options = ['--no-compile', '--disable-pip-version-check', '--progress-bar', 'off'];
  await run([join(venv, 'bin', 'pip'), 'install', ...options, `tempest==${version}`, plugin], {
    timeoutMs: 900_000,
    env: registry(),
  });
  writeFileSync(whole, '');
}
