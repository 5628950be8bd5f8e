/** The wattle command, on clouds that run identity only, which start quickly. */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryRun } from '#shared/process/run.ts';
import { sendSignal } from '../shared/process/signal.ts';
import { isOpenToAll } from './cloud/directory.ts';
import { findRunning } from './processes/pid-file.ts';
import { terminate } from './processes/terminate.ts';
import { root } from './setup/paths.js';

/** A cloud with its own address, purged after the test. */
function cloudOf(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'wattle-'));
  chmodSync(folder, 0o755);
  const address = `127.${randomInt(1, 250)}.${randomInt(250)}.${randomInt(1, 250)}`;
  const env = {
    WATTLE_VAR: join(folder, 'var'),
    WATTLE_ADDRESS: address,
    WATTLE_SETTINGS: join(folder, 'wattle.yaml'),
  };
  const wattle = (...args: string[]) => tryRun([process.execPath, join(root, 'deploy/main.js'), ...args], { env });
  t.after(async () => {
    await wattle('purge', '--yes');
    rmSync(folder, { recursive: true, force: true });
  });
  const running = () => findRunning(join(folder, 'var/run/identity.pid'));
  return { wattle, running, address, env, folder: join(folder, 'var') };
}

const respondsAt = async (address: string): Promise<boolean> =>
  fetch(`http://${address}:5000/v3`).then(
    (response) => response.ok,
    () => false,
  );

/** A token of the admin of that cloud. */
async function tokenOf({ address, folder }: ReturnType<typeof cloudOf>): Promise<string> {
  const user = {
    name: 'admin',
    domain: { id: 'default' },
    password: readFileSync(join(folder, 'secrets/admin'), 'utf8'),
  };
  const scope = { project: { name: 'admin', domain: { id: 'default' } } };
  const response = await fetch(`http://${address}:5000/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } }, scope } }),
  });
  return response.headers.get('x-subject-token') ?? '';
}

const statusAt = async (address: string, token: string): Promise<number> =>
  (await fetch(`http://${address}:5000/v3/users`, { headers: { 'x-auth-token': token } })).status;

test('start returns when the API responds and prints how to log in, without the password', async (t) => {
  const { wattle, address, folder } = cloudOf(t);
  const { code, stdout } = await wattle('start', '--role', 'identity');
  assert.equal(code, 0, stdout);
  assert.ok(await respondsAt(address));
  assert.match(stdout, new RegExp(`identity +http://${address}:5000`));
  assert.match(stdout, /\. .*openrc/);
  const secret = (await tryRun(['cat', join(folder, 'secrets/admin')])).stdout;
  assert.ok(secret.length >= 16 && !stdout.includes(secret));
  for (const file of ['openrc', 'clouds.yaml', 'secrets/admin', 'secrets/nova'])
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
});

test('a second start reports the running process and starts nothing', async (t) => {
  const { wattle, running } = cloudOf(t);
  await wattle('start', '--role', 'identity');
  const first = running();
  const { code, stdout } = await wattle('start', '--role', 'identity');
  assert.equal(code, 0);
  assert.match(stdout, /is already running/);
  assert.deepEqual(running(), first);
});

test('after kill -9 the next start succeeds, with the same admin password', async (t) => {
  const { wattle, running, folder } = cloudOf(t);
  await wattle('start', '--role', 'identity');
  const before = await tryRun(['cat', join(folder, 'openrc')]);
  const killed = running();
  assert.ok(killed);
  sendSignal(killed.pid, 'SIGKILL');
  await terminate(killed);
  assert.equal((await wattle('status')).code, 1);
  assert.equal((await wattle('start', '--role', 'identity')).code, 0);
  assert.notEqual(running()?.pid, killed.pid);
  assert.equal((await tryRun(['cat', join(folder, 'openrc')])).stdout, before.stdout);
});

test('users of another Keystone are previewed, then imported; a file with errors imports none', async (t) => {
  const { wattle, folder } = cloudOf(t);
  await wattle('start', '--role', 'identity');
  const file = join(folder, 'users.jsonl');
  const hash = '$2b$04$h16WL7B0fBGLuDZT62ziretVeg.xRz9Of0KL8c7ACU9/Ng0kUEUkK';
  const importing = (...args: string[]) => wattle('identity', 'import-users', file, ...args);
  writeFileSync(file, JSON.stringify([{ name: 'ann', domain: 'Default', hash }]));
  assert.match((await importing('--dry-run')).stdout, /^\+ ann in default\n1 users would be created; 0 exist/);
  assert.match((await importing()).stdout, /^1 users were created; 0 exist/);
  assert.match((await importing()).stdout, /^0 users were created; 1 exist/);
  writeFileSync(file, JSON.stringify([{ name: 'ann' }]));
  const { code, stderr } = await importing();
  assert.equal(code, 1);
  assert.match(stderr, /nothing was changed:\n {2}user 1: domain must be/);
  assert.match((await wattle('identity')).stderr, /wattle identity import-users FILE/);
});

test('an option of another command is refused with the options of this one, before anything happens', async (t) => {
  const { wattle, folder } = cloudOf(t);
  const refused = async (...args: string[]) => {
    const { code, stderr } = await wattle(...args);
    assert.equal(code, 1);
    return stderr;
  };
  assert.equal(
    await refused('stop', '--role', 'x'),
    'wattle stop: unknown option --role; wattle stop takes no options\n',
  );
  assert.match(await refused('purge', '--yes', '--file', 'y'), /unknown option --file; wattle purge takes --yes\n/);
  assert.match(await refused('start', '--fast'), /unknown option --fast; .* takes --foreground, --split, --role\n/);
  assert.match(await refused('identity', 'import-users', 'f', '--file', 'x'), /import-users takes --dry-run\n/);
  assert.match(await refused('start', '--role'), /--role/);
  assert.match(await refused('status', 'all'), /unexpected argument all; usage: wattle status\n/);
  assert.equal(existsSync(folder), false);
  assert.match((await wattle('purge', '--help')).stdout, /wattle purge --yes\n/);
  assert.equal((await wattle('fly')).code, 2);
});

test('two clouds on one machine are independent', async (t) => {
  const [one, other] = [cloudOf(t), cloudOf(t)];
  await Promise.all([one, other].map(({ wattle }) => wattle('start', '--role', 'identity')));
  const bothRun = [one.running()?.ready, other.running()?.ready];
  assert.deepEqual(bothRun, [true, true]);
  const token = await tokenOf(one);
  assert.equal(await statusAt(one.address, token), 200);
  assert.equal(await statusAt(other.address, token), 401);
  const before = other.running();
  await one.wattle('down');
  await one.wattle('purge', '--yes');
  assert.equal(await respondsAt(one.address), false);
  assert.equal(await statusAt(other.address, await tokenOf(other)), 200);
  assert.deepEqual(other.running(), before);
});

test('an address in use is named in the error before anything starts', async (t) => {
  const [one, other] = [cloudOf(t), cloudOf(t)];
  await one.wattle('start', '--role', 'identity');
  const { code, stderr } = await other.wattle('start', '--role', 'identity').then(async () => {
    await other.wattle('stop');
    return tryRun([process.execPath, join(root, 'deploy/main.js'), 'start', '--role', 'identity'], {
      env: { WATTLE_VAR: other.folder, WATTLE_ADDRESS: one.address },
    });
  });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`in use by another process: ${one.address}:5000 \\(identity\\)`));
});

test('purge needs --yes, and leaves nothing', async (t) => {
  const { wattle, folder, address } = cloudOf(t);
  await wattle('start', '--role', 'identity');
  const refused = await wattle('purge');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /confirm with --yes/);
  assert.ok(await respondsAt(address));
  assert.equal((await wattle('purge', '--yes')).code, 0);
  assert.equal(await respondsAt(address), false);
  assert.equal(existsSync(folder), false);
});

const rootOnly = process.getuid?.() === 0 ? false : 'needs root to mount and to change users';

test('a purge that finds a mount point names it, keeps the id, and can be repeated', {
  skip: rootOnly,
}, async (t) => {
  const { wattle, folder } = cloudOf(t);
  await wattle('start', '--role', 'identity');
  const busy = join(folder, 'image');
  mkdirSync(busy, { recursive: true });
  assert.equal((await tryRun(['mount', '-t', 'tmpfs', 'tmpfs', busy])).code, 0);
  const first = await wattle('purge', '--yes');
  assert.equal((await tryRun(['umount', busy])).code, 0);
  assert.equal(first.code, 1);
  assert.match(first.stderr, /wattle purge: cannot remove .*\/var\/image: mounted/);
  assert.ok(existsSync(join(folder, 'id')));
  assert.equal((await wattle('purge', '--yes')).code, 0);
  assert.equal(existsSync(folder), false);
});

const closed = rootOnly || (isOpenToAll(root) ? false : 'other users may not enter this clone');

test('services run without root', { skip: closed }, async (t) => {
  const { folder, address, env } = cloudOf(t);
  mkdirSync(folder, { recursive: true });
  chownSync(folder, 65534, 65534);
  const as = { env: { ...env, HOME: folder }, uid: 65534, gid: 65534 };
  const command = [process.execPath, join(root, 'deploy/main.js')];
  const started = await tryRun([...command, 'start', '--role', 'identity,placement,image,network,volume,compute'], as);
  assert.equal(started.code, 0, started.stderr);
  assert.ok(await respondsAt(address));
  assert.equal((await tryRun([...command, 'stop'], as)).code, 0);
});
