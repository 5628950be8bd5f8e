/** Programs are started with argument lists; no user input reaches a shell. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const files = ['services', 'shared', 'deploy']
  .flatMap((folder) => globSync(`${folder}/**/*.{ts,js}`, { exclude: ['**/node_modules/**'] }))
  .filter((file) => !/\.test\.(ts|js)$/.test(file));

/** Uses of a shell: the option, the functions that imply one, and shells started with a command text. */
const shell =
  /\bshell:\s*[^f\s]|\b(execSync|execFileSync|exec)\s*\([^)]*child|import \{[^}]*\bexec(Sync)?\b[^}]*\} from 'node:child_process'|['"`](\/bin\/)?(ba|da|z)?sh['"`],\s*['"`]-l?c['"`]/;

test('OSSA-2014-012: no code runs a shell', () => {
  assert.ok(files.length > 500, `${files.length} files`);
  for (const bad of [
    `spawn('a', { shell: true })`,
    `import { exec } from 'node:child_process'`,
    `run(['sh', '-c', text])`,
  ])
    assert.match(bad, shell);
  assert.deepEqual(
    files.filter((file) => shell.test(readFileSync(file, 'utf8'))),
    [],
  );
});
