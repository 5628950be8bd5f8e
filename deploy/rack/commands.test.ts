/** init, join, plan and token as commands: what they refuse, before anything happens. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryRun } from '#shared/process/run.ts';
import { root } from '../setup/paths.js';
import { formatToken } from './token.ts';

function host(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'wattle-'));
  chmodSync(folder, 0o755);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { WATTLE_VAR: join(folder, 'var'), WATTLE_SETTINGS: join(folder, 'wattle.yaml') };
  const command = [process.execPath, join(root, 'deploy/main.js')];
  const run = (input: string, ...args: string[]) => tryRun([...command, ...args], { env, input });
  const refused = async (...args: string[]) => {
    const { code, stderr } = await run('', ...args);
    assert.equal(code, 1, stderr);
    assert.equal(existsSync(join(folder, 'var')), false, 'nothing was created');
    return stderr;
  };
  return { folder, run, refused };
}

const here = ['--address', '127.0.0.1'];

test('plan prints what each choice is and why, and changes nothing', async (t) => {
  const { folder, run } = host(t);
  const { stdout } = await run('', 'plan', '--role', 'compute,object', '--name', 'kvm-1', ...here, '--external', 'lo');
  assert.match(stdout, /^This host would be a node of a cloud:$/m);
  assert.match(stdout, /^ {2}name +kvm-1 +as given$/m);
  assert.match(stdout, /^ {2}roles +compute, object +runs network-agent, compute-agent, object-agent$/m);
  assert.match(stdout, /^ {2}address +127\.0\.0\.1 +as given, on loopback$/m);
  assert.match(stdout, /^ {2}external NIC +lo +as given/m);
  assert.match(stdout, /^ {2}disk +\S+ +\d+ of \d+ GB free$/m);
  assert.match(stdout, /^ {2}ring +127\.0\.0\.1:6210\/d1 +one device/m);
  assert.match(stdout, /^ {2}packages +/m);
  assert.equal(existsSync(join(folder, 'var')), false);
});

test('a role, name, address or NIC that cannot be is refused by name', async (t) => {
  const { refused } = host(t);
  assert.match(await refused('plan'), /--role is missing/);
  assert.match(
    await refused('plan', '--role', 'kitchen'),
    /kitchen is no role of a node; roles are management, compute/,
  );
  assert.match(await refused('init', '--role', 'compute', ...here, '--yes'), /the first node has the role management/);
  assert.match(
    await refused('init', '--name', 'Big Box', ...here, '--yes'),
    /Big Box is no name of a node: use --name/,
  );
  assert.match(
    await refused('init', '--address', '203.0.113.7', '--yes'),
    /this host does not have the address 203\.0\.113\.7/,
  );
  assert.match(
    await refused('init', ...here, '--storage-address', 'x', '--yes'),
    /--storage-address: x is no IP address/,
  );
  assert.match(await refused('plan', '--role', 'network', ...here, '--external', 'eth77'), /there is no NIC eth77/);
});

test('init and join without --yes print the plan and stop', async (t) => {
  const { folder, run } = host(t);
  const { code, stdout, stderr } = await run('', 'init', '--name', 'mgmt1', ...here);
  assert.equal(code, 1);
  assert.match(stdout, /^This host becomes the first node of a new cloud:\n {2}name +mgmt1/m);
  assert.match(stderr, /nothing was changed/);
  assert.equal(existsSync(join(folder, 'var')), false);
});

test('settings of one host are refused as settings of the cloud', async (t) => {
  const { folder, refused } = host(t);
  const file = join(folder, 'rack.yaml');
  writeFileSync(file, 'cloud: { address: 10.0.0.1 }');
  assert.match(await refused('init', ...here, '--settings', file, '--yes'), /cloud\.address differs between nodes/);
  writeFileSync(file, 'volume-agent: { portal: 3260 }');
  assert.match(
    await refused('init', ...here, '--settings', file, '--yes'),
    /volume-agent\.portal differs between nodes/,
  );
  assert.match(await refused('init', ...here, '--settings', '/none', '--yes'), /there is no file \/none/);
});

test('a token is read from a file or standard input, once, and checked before anything happens', async (t) => {
  const { folder, run, refused } = host(t);
  const join_ = ['join', '--role', 'compute', ...here, '--yes'];
  assert.match(await refused(...join_), /a token is missing: --token-file FILE, or -/);
  assert.match(await refused(...join_, 'hello'), /this is no join token/);
  assert.match(await refused(...join_, '-', '--token-file', 'x'), /give the token once/);
  assert.match(await refused(...join_, '--token-file', '/none'), /--token-file: ENOENT/);
  const away = { registry: '127.0.0.1:1', fingerprint: 'ab'.repeat(32), id: 'a', secret: 'hidden-secret' };
  const { code, stdout, stderr } = await run(`${formatToken(away)}\n`, ...join_, '-');
  assert.equal(code, 1);
  assert.match(`${stdout}${stderr}`, /management node 127\.0\.0\.1:1 is unreachable|this host cannot have this role/);
  assert.ok(!`${stdout}${stderr}`.includes('hidden-secret'));
  assert.equal(existsSync(join(folder, 'var')), false);
});

test('commands for the first node are refused elsewhere', async (t) => {
  const { refused } = host(t);
  for (const command of [
    ['token', 'create', '--role', 'compute'],
    ['node', 'list'],
    ['node', 'drain', 'x'],
  ])
    assert.match(await refused(...command), /there is no cloud here yet/);
  assert.match(await refused('token', 'create', '--role', 'compute', '--ttl', '1y'), /a duration such as 15m/);
  assert.match(await refused('token', 'create', '--role', 'compute', '--uses', '0'), /--uses is a number/);
});
