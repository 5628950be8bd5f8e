import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openPolicy } from '#shared/auth/policy-file.ts';
import { settingsOf, text } from '#shared/config/settings.ts';
import { policy } from '../services/compute/policy.ts';
import { root } from './setup/paths.js';

/** Runs the wattle command with a wattle.yaml. */
function wattle(t: TestContext, yaml: string, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'wattle.yaml'), yaml);
  const env = { ...process.env, WATTLE_SETTINGS: join(folder, 'wattle.yaml'), WATTLE_VAR: join(folder, 'var') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'deploy/main.js'), ...args], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr, createdVar: existsSync(join(folder, 'var')) };
}

test('U05: an unknown section stops the start before anything is created', (t) => {
  const { status, stderr, createdVar } = wattle(t, 'identitty: { listen: 5001 }', 'start');
  assert.equal(status, 1);
  assert.match(stderr, /^wattle start: identitty is not a section; sections are cloud, /);
  assert.equal(createdVar, false);
});

test('U05: an unknown setting stops the start with the settings of its section', (t) => {
  const { stderr, createdVar } = wattle(t, 'cloud: { adress: 127.0.0.3 }', 'start');
  assert.match(stderr, /cloud\.adress is not a setting: .*\baddress\b/);
  assert.equal(createdVar, false);
});

test('a file that is not YAML is named in the error', (t) => {
  assert.match(wattle(t, 'cloud: { address', 'start').stderr, /wattle\.yaml: /);
});

test('an unknown role is refused with the known roles', (t) => {
  const { status, stderr } = wattle(t, '', 'start', '--role', 'kitchen');
  assert.equal(status, 1);
  assert.match(stderr, /--role takes any of all, controller, /);
});

test('the sample parses as a wattle.yaml and changes no setting', (t) => {
  const { stdout } = wattle(t, '', 'sample');
  assert.match(stdout, /where all services listen/);
  assert.match(wattle(t, stdout, 'status').stdout, /There is no cloud here yet/);
});

test('the printed policy of a service is a policy file with every rule, and names the requests that ask it', (t) => {
  const { stdout } = wattle(t, '', 'policy', 'compute');
  assert.match(stdout, /# GET \/v2\.1\/servers\/:id\n#"os_compute_api:servers:show": "rule:project_reader_or_admin"\n/);
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const policyFile = join(folder, 'policy.yaml');
  writeFileSync(policyFile, stdout.replaceAll(/^#"/gm, '"'));
  assert.ok(openPolicy(policy, { policyFile }).rules.length > 200);
  assert.match(wattle(t, '', 'policy', 'kitchen').stderr, /Name a service: identity, /);
});

test('a node ignores a setting that its cloud, of a later release, has and it does not know', () => {
  const file = { cloud: { region: 'Elsewhere', ofALaterRelease: 1 } };
  const section = { region: text('RegionOne', 'region') };
  assert.throws(() => settingsOf(file).read('cloud', section), /cloud\.ofALaterRelease is not a setting/);
  assert.equal(settingsOf(file, {}, { ignoresUnknown: true }).read('cloud', section).region, 'Elsewhere');
});
