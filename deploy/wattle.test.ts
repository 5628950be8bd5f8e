/** The wattle command as one types it, on a cloud of identity alone: quick, and all the same. */
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
import { isOpenToAll } from './cloud/directory.ts';
import { findRunning } from './processes/pid-file.ts';
import { end } from './processes/terminate.ts';
import { root } from './setup/paths.js';

/** A cloud with an address of its own, purged in the end. */
function cloudOf(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'wattle-'));
  chmodSync(folder, 0o755);
  const address = `127.${randomInt(1, 250)}.${randomInt(250)}.${randomInt(1, 250)}`;
  const env = {
    WATTLE_VAR: join(folder, 'var'),
    WATTLE_ADDRESS: address,
    WATTLE_SETTINGS: join(folder, 'wattle.yaml'),
  };
  const wattle = (...words: string[]) => tryRun([process.execPath, join(root, 'deploy/main.js'), ...words], { env });
  t.after(async () => {
    await wattle('purge', '--yes');
    rmSync(folder, { recursive: true, force: true });
  });
  const running = () => findRunning(join(folder, 'var/run/identity.pid'));
  return { wattle, running, address, env, folder: join(folder, 'var') };
}

const answersAt = async (address: string): Promise<boolean> =>
  fetch(`http://${address}:5000/v3`).then(
    (response) => response.ok,
    () => false,
  );

/** The admin's, of that cloud. */
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

test('start returns when the doors answer and says how to log in, but no password', async (t) => {
  const { wattle, address, folder } = cloudOf(t);
  const { code, stdout } = await wattle('start', '--role', 'identity');
  assert.equal(code, 0, stdout);
  assert.ok(await answersAt(address));
  assert.match(stdout, new RegExp(`identity +http://${address}:5000`));
  assert.match(stdout, /\. .*openrc/);
  const secret = (await tryRun(['cat', join(folder, 'secrets/admin')])).stdout;
  assert.ok(secret.length >= 16 && !stdout.includes(secret));
  for (const file of ['openrc', 'clouds.yaml', 'secrets/admin', 'secrets/nova'])
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
});

test('a second start says that it runs, and starts nothing', async (t) => {
  const { wattle, running } = cloudOf(t);
  await wattle('start', '--role', 'identity');
  const first = running();
  const { code, stdout } = await wattle('start', '--role', 'identity');
  assert.equal(code, 0);
  assert.match(stdout, /is running already/);
  assert.deepEqual(running(), first);
});

test('after kill -9 the next start finds nobody in the way, and the same admin', async (t) => {
  const { wattle, running, folder } = cloudOf(t);
  await wattle('start', '--role', 'identity');
  const before = await tryRun(['cat', join(folder, 'openrc')]);
  const killed = running();
  assert.ok(killed);
  process.kill(killed.pid, 'SIGKILL');
  await end(killed);
  assert.equal((await wattle('status')).code, 1);
  assert.equal((await wattle('start', '--role', 'identity')).code, 0);
  assert.notEqual(running()?.pid, killed.pid);
  assert.equal((await tryRun(['cat', join(folder, 'openrc')])).stdout, before.stdout);
});

test('users of another Keystone are told of, then brought along, and a bad file brings nobody', async (t) => {
  const { wattle, folder } = cloudOf(t);
  await wattle('start', '--role', 'identity');
  const file = join(folder, 'users.jsonl');
  const hash = '$2b$04$h16WL7B0fBGLuDZT62ziretVeg.xRz9Of0KL8c7ACU9/Ng0kUEUkK';
  const importing = (...words: string[]) => wattle('identity', 'import-users', file, ...words);
  writeFileSync(file, JSON.stringify([{ name: 'ann', domain: 'Default', hash }]));
  assert.match((await importing('--dry-run')).stdout, /^\+ ann in default\n1 users would be made; 0 are here/);
  assert.match((await importing()).stdout, /^1 users were made; 0 are here/);
  assert.match((await importing()).stdout, /^0 users were made; 1 are here/);
  writeFileSync(file, JSON.stringify([{ name: 'ann' }]));
  const { code, stderr } = await importing();
  assert.equal(code, 1);
  assert.match(stderr, /nothing was changed:\n {2}user 1: domain must be/);
  assert.match((await wattle('identity')).stderr, /wattle identity import-users FILE/);
});

test('two clouds on one machine do not meet', async (t) => {
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
  assert.equal(await answersAt(one.address), false);
  assert.equal(await statusAt(other.address, await tokenOf(other)), 200);
  assert.deepEqual(other.running(), before);
});

test('an address that somebody else has is named before anything starts', async (t) => {
  const [one, other] = [cloudOf(t), cloudOf(t)];
  await one.wattle('start', '--role', 'identity');
  const { code, stderr } = await other.wattle('start', '--role', 'identity').then(async () => {
    await other.wattle('stop');
    return tryRun([process.execPath, join(root, 'deploy/main.js'), 'start', '--role', 'identity'], {
      env: { WATTLE_VAR: other.folder, WATTLE_ADDRESS: one.address },
    });
  });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`somebody else listens at ${one.address}:5000 \\(identity\\)`));
});

test('purge wants to be asked twice, and leaves nothing', async (t) => {
  const { wattle, folder, address } = cloudOf(t);
  await wattle('start', '--role', 'identity');
  const refused = await wattle('purge');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /say --yes/);
  assert.ok(await answersAt(address));
  assert.equal((await wattle('purge', '--yes')).code, 0);
  assert.equal(await answersAt(address), false);
  assert.equal(existsSync(folder), false);
});

const rootOnly = process.getuid?.() === 0 ? false : 'only root mounts, and changes users';

test('a purge that meets something busy names it, keeps the id, and can be asked again', {
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
  assert.match(first.stderr, /wattle purge: these cannot be removed.*\/var\/image\. /);
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
  assert.ok(await answersAt(address));
  assert.equal((await tryRun([...command, 'stop'], as)).code, 0);
});
