/** Runs all tests, or those whose path contains one of the arguments; starts what they need; reports leftovers. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { cache, compileCache, root } from '../setup/paths.js';
import { purgeLeftClouds } from './left-clouds.ts';
import { leftSince, snapshot } from './leftovers.ts';
import { findTestFiles } from './select.ts';
import { startTestServices } from './test-services.ts';

enableCompileCache(compileCache);
process.chdir(root);
const files = findTestFiles(process.argv.slice(2));
if (files.length === 0) throw new Error(`no test file has ${process.argv.slice(2).join(' or ')} in its path`);

const print = (text: string) => process.stdout.write(`${text}\n`);
const folder = mkdtempSync('/tmp/wattle-');
chmodSync(folder, 0o755); // guests and databases run as other users
const before = await snapshot(folder);
const services = await startTestServices(folder, files, print);
const temporary = join(folder, 'tmp');

/** Longer when every kill point is tested. */
const timeoutMs = process.env.WATTLE_TEST_EVERY === '1' ? 3_600_000 : 600_000;

let code = 1;
try {
  print(`${files.length} test files`);
  code = await runTests();
} finally {
  for (const home of await purgeLeftClouds(temporary)) print(`purged the cloud of an interrupted test: ${home}`);
  await services.close();
}
const left = await leftSince(before, folder);
const leftFiles = readdirSync(temporary).map((name) => join(temporary, name));
for (const what of [...left, ...leftFiles]) print(`left behind: ${what}`);
rmSync(folder, { recursive: true, force: true });
if (left.length + leftFiles.length === 0) print('nothing left behind: no process, interface, namespace, table or file');
process.exitCode = code || (left.length + leftFiles.length > 0 ? 1 : 0);

/** Two files at once: the reference machine has two cores. */
function runTests(): Promise<number> {
  const args = ['--test', '--test-reporter=spec', '--test-concurrency=2', `--test-timeout=${timeoutMs}`, ...files];
  const env = {
    ...withoutSettings(process.env),
    ...services.environment,
    TMPDIR: temporary,
    WATTLE_CACHE: cache,
    NODE_COMPILE_CACHE: compileCache,
    PYTHONDONTWRITEBYTECODE: '', // lets a client's commands share compiled modules
  };
  const child = spawn(process.execPath, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('exit', (exit) => resolve(exit ?? 1));
  });
}

/** Removes settings and logins of the user's own cloud; keeps those that are for tests: WATTLE_TEST_EVERY, WATTLE_TEST_SEED, WATTLE_TEST_SECONDS. */
function withoutSettings(all: NodeJS.ProcessEnv) {
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => !/^(WATTLE|OS)_/.test(name) || name.startsWith('WATTLE_TEST_')),
  );
}
