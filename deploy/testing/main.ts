/** All tests, or those whose path contains one of the words; what they need beside them; and what they left behind. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { cache, compileCache, root } from '../setup/paths.js';
import { purgeLeftClouds } from './left-clouds.ts';
import { leftSince, lookAround } from './leftovers.ts';
import { filesFor } from './select.ts';
import { startTestServices } from './test-services.ts';

enableCompileCache(compileCache);
process.chdir(root);
const files = filesFor(process.argv.slice(2));
if (files.length === 0) throw new Error(`no test file has ${process.argv.slice(2).join(' or ')} in its path`);

const say = (words: string) => process.stdout.write(`${words}\n`);
const folder = mkdtempSync('/tmp/wattle-');
chmodSync(folder, 0o755); // guests and databases run as other users
const before = await lookAround(folder);
const services = await startTestServices(folder, files, say);
const temporary = join(folder, 'tmp');

/** A file of all kill points takes its time. */
const timeoutMs = process.env.WATTLE_TEST_EVERY === '1' ? 3_600_000 : 600_000;

let code = 1;
try {
  say(`${files.length} test files`);
  code = await runTests();
} finally {
  for (const home of await purgeLeftClouds(temporary)) say(`a test was broken off: its cloud in ${home} is purged`);
  await services.close();
}
const left = await leftSince(before, folder);
const forgotten = readdirSync(temporary).map((name) => join(temporary, name));
for (const what of [...left, ...forgotten]) say(`left behind: ${what}`);
rmSync(folder, { recursive: true, force: true });
if (left.length + forgotten.length === 0) say('nothing was left behind: no process, tap, namespace, table or file');
process.exitCode = code || (left.length + forgotten.length > 0 ? 1 : 0);

/** Two files at once: the machine this is made for has two cores. */
function runTests(): Promise<number> {
  const words = ['--test', '--test-reporter=spec', '--test-concurrency=2', `--test-timeout=${timeoutMs}`, ...files];
  const env = {
    ...withoutSettings(process.env),
    ...services.environment,
    TMPDIR: temporary,
    WATTLE_CACHE: cache,
    NODE_COMPILE_CACHE: compileCache,
    PYTHONDONTWRITEBYTECODE: '', // or each command of a client would compile all of it anew
  };
  const child = spawn(process.execPath, words, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('exit', (exit) => resolve(exit ?? 1));
  });
}

/** Settings of the caller's own cloud and login are no part of any test; WATTLE_TEST_EVERY alone is for them. */
function withoutSettings(all: NodeJS.ProcessEnv) {
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => !/^(WATTLE|OS)_/.test(name) || name === 'WATTLE_TEST_EVERY'),
  );
}
