import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { root } from './setup/paths.js';

/** Types a word of the wattle command, with a wattle.yaml. */
function wattle(t: TestContext, yaml: string, ...words: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'wattle.yaml'), yaml);
  const env = { ...process.env, WATTLE_SETTINGS: join(folder, 'wattle.yaml'), WATTLE_VAR: join(folder, 'var') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'deploy/main.js'), ...words], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr, madeSomething: existsSync(join(folder, 'var')) };
}

test('U05: a section that does not exist stops the start before anything is made', (t) => {
  const { status, stderr, madeSomething } = wattle(t, 'identitty: { listen: 5001 }', 'start');
  assert.equal(status, 1);
  assert.match(stderr, /^wattle start: identitty is not a section: cloud, /);
  assert.equal(madeSomething, false);
});

test('U05: so does a setting that its section does not have, named with those it has', (t) => {
  const { stderr, madeSomething } = wattle(t, 'cloud: { adress: 127.0.0.3 }', 'start');
  assert.match(stderr, /cloud\.adress is not a setting: .*\baddress\b/);
  assert.equal(madeSomething, false);
});

test('a file that is no YAML is named', (t) => {
  assert.match(wattle(t, 'cloud: { address', 'start').stderr, /wattle\.yaml: /);
});

test('a role that does not exist is answered with those that do', (t) => {
  const { status, stderr } = wattle(t, '', 'start', '--role', 'kitchen');
  assert.equal(status, 1);
  assert.match(stderr, /--role takes some of all, controller, /);
});

test('the sample is a wattle.yaml that changes nothing', (t) => {
  const { stdout } = wattle(t, '', 'sample');
  assert.match(stdout, /where all services listen/);
  assert.match(wattle(t, stdout, 'status').stdout, /No cloud was ever started/);
});
