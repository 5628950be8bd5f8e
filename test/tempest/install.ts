/** Installs Tempest from PyPI, in its own virtual environment in the cache. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '#shared/process/run.ts';
import { cache } from '../../deploy/setup/paths.js';

const version = '47.0.0';
/** Keystone's RBAC tests. */
const plugin = 'keystone-tempest-plugin==0.22.0';
const venv = join(cache, 'tempest');
const completeFile = join(venv, `whole-${version}-${plugin}`);

export const tempestBin = join(venv, 'bin', 'tempest');

/** Variables that configure pip and proxies. */
const registry = () =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value = '']) =>
      /^(PIP|REQUESTS)_|_proxy$/i.test(name) ? [[name, value]] : [],
    ),
  );

/** An incomplete environment is created again; it cannot be moved, since its scripts contain its path. */
export async function ensureTempest(print: (text: string) => void): Promise<void> {
  if (existsSync(completeFile)) return;
  print(`installing Tempest ${version} and ${plugin} with pip`);
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(dirname(venv), { recursive: true });
  const python = existsSync('/etc/debian_version') ? '/usr/bin/python3' : 'python3';
  await run([python, '-m', 'venv', venv], { timeoutMs: 300_000 });
  const options = ['--no-compile', '--disable-pip-version-check', '--progress-bar', 'off'];
  await run([join(venv, 'bin', 'pip'), 'install', ...options, `tempest==${version}`, plugin], {
    timeoutMs: 900_000,
    env: registry(),
  });
  writeFileSync(completeFile, '');
}
