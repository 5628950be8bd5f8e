/** Installs Swift from PyPI with its tests, in its own virtual environment in the cache. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#shared/process/run.ts';
import { cache } from '../../deploy/setup/paths.js';

const version = '2.35.0';
/** Test requirements of Swift. boto is the SDK that its older tests of the S3 API use. */
const others = ['python-swiftclient', 'python-keystoneclient', 'boto', 'boto3', 'pytest'];
const folder = join(cache, 'swift-tests');
const venv = join(folder, 'venv');
const completeFile = join(folder, `whole-${version}`);

export const python = join(venv, 'bin', 'python');
/** The unpacked source, which has the tests. */
export const source = join(folder, `swift-${version}`);

/** Variables that configure pip and proxies. */
const registry = () =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value = '']) =>
      /^(PIP|REQUESTS)_|_proxy$/i.test(name) ? [[name, value]] : [],
    ),
  );

/** An incomplete environment is created again. */
export async function ensureSwiftTests(print: (text: string) => void): Promise<void> {
  if (existsSync(completeFile)) return;
  print(`installing the tests of Swift ${version} with pip`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const options = { timeoutMs: 900_000, env: registry(), cwd: folder };
  const pip = [python, '-m', 'pip', '--disable-pip-version-check', '--quiet'];
  await run([existsSync('/etc/debian_version') ? '/usr/bin/python3' : 'python3', '-m', 'venv', venv], options);
  await run([...pip, 'download', '--no-deps', '--no-binary', 'swift', `swift==${version}`], options);
  await run(['tar', 'xzf', `swift-${version}.tar.gz`], options);
  await run([...pip, 'install', '--no-compile', source, ...others], options);
  writeFileSync(completeFile, '');
}
