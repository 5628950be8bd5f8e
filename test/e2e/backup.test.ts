/** A cloud is backed up and restored, in both layouts: nothing that the restored rows do not know is removed before it is accepted. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, tryRun } from '#shared/process/run.ts';
import { adminOf, createServer, showServer } from './story/api.ts';
import { fakeHosts, pipClient, startStoryCloud, until } from './story/cloud.ts';

const root = join(import.meta.dirname, '../..');

async function startCloud(t: TestContext, split: boolean) {
  const env = { ...fakeHosts, WATTLE_VOLUME_AGENT__DRIVER: 'file', WATTLE_IMAGE__SWEEP_MS: '300' };
  const cloud = await startStoryCloud(t, { split, client: pipClient(), env });
  const admin = adminOf(cloud);
  const passphrase = join(cloud.folder, 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  const settings = {
    ...env,
    WATTLE_VAR: join(cloud.folder, 'var'),
    WATTLE_ADDRESS: cloud.address,
    WATTLE_NETWORK__EXTERNAL_CIDR: `${cloud.externalPrefix}.0/24`,
    WATTLE_NETWORK__EXTERNAL_GATEWAY: `${cloud.externalPrefix}.1`,
  };
  const argv = (...args: string[]) => [process.execPath, join(root, 'deploy/main.js'), ...args];
  /** As a user would: the exit code may be another than 0. */
  const wattle = (...args: string[]) => tryRun(argv(...args), { env: settings, timeoutMs: 240_000 });
  const image = async (name: string) => {
    const made = await admin.json<{ id: string }>('image', '/v2/images', {
      method: 'POST',
      body: { name, disk_format: 'raw', container_format: 'bare' },
    });
    const body = Buffer.alloc(512 * 1024);
    const headers = { 'content-type': 'application/octet-stream' };
    const put = await admin.raw('image', `/v2/images/${made.id}/file`, { method: 'PUT', headers, body });
    assert.equal(put.status, 204);
    return made.id;
  };
  const volume = async () => {
    const { volume: made } = await admin.json<{ volume: { id: string } }>('volumev3', '/volumes', {
      method: 'POST',
      body: { volume: { size: 1 } },
    });
    const shown = async () =>
      (await admin.json<{ volume: { status: string } }>('volumev3', `/volumes/${made.id}`)).volume.status;
    await until('the volume is available', async () => (await shown()) === 'available');
    return made.id;
  };
  const server = async (name: string, imageRef: string) => {
    const id = await createServer(admin, { name, imageRef });
    await until('the server is ACTIVE', async () => (await showServer(admin, id)).status === 'ACTIVE');
    return id;
  };
  return { ...cloud, admin, passphrase, settings, argv, wattle, image, volume, server };
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** Whether a file whose name contains the text lies below a folder. */
const isBelow = (folder: string, name: string): boolean =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((file) => file.includes(name));

for (const split of [false, true])
  test(`a ${split ? 'split cloud on MariaDB' : 'cloud of one process'} is restored, holds, and goes on once it is accepted`, async (t) => {
    const cloud = await startCloud(t, split);
    const folder = join(cloud.folder, 'var');
    const known = { image: await cloud.image('before'), volume: await cloud.volume() };
    const server = await cloud.server('before', known.image);
    const backups = join(cloud.folder, 'backups');
    const backup = ['--passphrase-file', cloud.passphrase];
    const made = await cloud.wattle('backup', backups, ...backup);
    assert.equal(made.code, 0, made.stderr);
    const file = lastLine(made.stdout);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const later = { image: await cloud.image('after'), volume: await cloud.volume() };
    const laterServer = await cloud.server('after', later.image);

    await t.test(
      'a running cloud, a wrong passphrase and a damaged or cut file are refused, and change nothing',
      async () => {
        assert.match(
          (await cloud.wattle('restore', file, ...backup, '--replace')).stderr,
          /is running: .*nothing was changed/,
        );
        await cloud.wattle('stop');
        const before = readdirSync(folder, { recursive: true }).length;
        const wrong = join(cloud.folder, 'wrong');
        writeFileSync(wrong, 'another passphrase\n', { mode: 0o600 });
        const bytes = readFileSync(file);
        writeFileSync(join(cloud.folder, 'cut.age'), bytes.subarray(0, bytes.length - 100));
        bytes[bytes.length - 200] = (bytes[bytes.length - 200] ?? 0) ^ 1;
        writeFileSync(join(cloud.folder, 'damaged.age'), bytes);
        const refusals = [
          [['restore', file, '--passphrase-file', wrong, '--replace'], /the passphrase does not open/],
          [['restore', join(cloud.folder, 'cut.age'), ...backup, '--replace'], /truncated|damaged/],
          [['restore', join(cloud.folder, 'damaged.age'), ...backup, '--replace'], /damaged/],
          [['restore', file, ...backup], /--replace moves them aside/],
        ] as const;
        for (const [args, reason] of refusals) {
          const { code, stderr } = await cloud.wattle(...args);
          assert.deepEqual([code, reason.test(stderr)], [1, true], stderr);
        }
        assert.equal(readdirSync(folder, { recursive: true }).length, before);
      },
    );

    const restored = await cloud.wattle('restore', file, ...backup, '--replace');
    assert.equal(restored.code, 0, restored.stderr);
    assert.ok(!existsSync(join(folder, 'restoring')) && !existsSync(join(folder, 'backup.new')));
    const started = await cloud.wattle('start');
    assert.equal(started.code, 0, started.stdout + started.stderr);

    await t.test('the report names what runs that the rows do not know', async () => {
      const { stdout } = await cloud.wattle('restore', '--report');
      const [unknown = ''] = stdout.split('In the restored rows');
      for (const id of [laterServer, later.image, later.volume]) assert.ok(unknown.includes(id), stdout);
      for (const id of [server, known.image, known.volume]) assert.ok(!stdout.includes(id), stdout);
    });

    await t.test('until it is accepted no task runs and nothing is removed', async () => {
      assert.equal((await showServer(cloud.admin, server)).status, 'ACTIVE');
      const waiting = await createServer(cloud.admin, { name: 'waits', imageRef: known.image });
      await sleep(1_500); // several sweeps of images, and polls for tasks
      assert.equal((await showServer(cloud.admin, waiting)).status, 'BUILD');
      for (const id of [laterServer, later.image, later.volume]) assert.ok(isBelow(folder, id), id);
      assert.match((await cloud.wattle('restore', '--accept')).stdout, /Accepted/);
      await until('the task runs', async () => (await showServer(cloud.admin, waiting)).status === 'ACTIVE');
      await until('data of an unknown image is removed', async () => !isBelow(join(folder, 'image'), later.image));
      assert.ok(isBelow(folder, laterServer), 'guests and volumes are never removed by a sweep');
      assert.match((await cloud.wattle('restore', '--report')).stdout, /not held/);
    });
  });

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' };

type Cloud = Awaited<ReturnType<typeof startCloud>>;

test('what interrupts a backup or a restore leaves the cloud as it was, or a restore to repeat', async (t) => {
  const cloud = await startCloud(t, false);
  await t.test('a full disk under either is refused by name, and leaves nothing', needsRoot, (own) =>
    fillDisks(own, cloud),
  );
  await t.test('either is killed at any moment', () => killBoth(cloud));
  await t.test('a backup of a later release is refused by the name of its schema', () => restoreLater(cloud));
});

async function killBoth(cloud: Cloud): Promise<void> {
  const backups = join(cloud.folder, 'backups');
  const common = ['--passphrase-file', cloud.passphrase];
  const killedAfter = async (ms: number, ...args: string[]) => {
    const [command = '', ...rest] = cloud.argv(...args);
    const child = spawn(command, rest, { stdio: 'ignore', env: { ...process.env, ...cloud.settings } });
    const ended = once(child, 'exit');
    await Promise.race([sleep(ms), ended]);
    child.kill('SIGKILL');
    await ended;
  };
  for (const ms of [150, 300, 450]) {
    await killedAfter(ms, 'backup', backups, ...common);
    const whole = existsSync(backups) ? readdirSync(backups).filter((name) => name.endsWith('.age')) : [];
    for (const name of whole) rmSync(join(backups, name));
  }
  const { code, stdout, stderr } = await cloud.wattle('backup', backups, ...common);
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(backups).length, 1, 'nothing is left of those that were killed');
  await cloud.wattle('stop');
  const file = lastLine(stdout);
  const password = readFileSync(join(cloud.folder, 'var/secrets/admin'), 'utf8');
  for (const ms of [250, 450, 650, 850, 1_050]) {
    await killedAfter(ms, 'restore', file, ...common, '--replace');
    const path = join(cloud.folder, 'var');
    if (!existsSync(join(path, 'id')))
      assert.match((await cloud.wattle('start')).stderr, /interrupted: repeat wattle restore/, `killed after ${ms} ms`);
    else assert.equal(readFileSync(join(path, 'secrets/admin'), 'utf8'), password, `killed after ${ms} ms`);
  }
  const last = await cloud.wattle('restore', file, ...common, '--replace');
  assert.equal(last.code, 0, last.stderr);
  assert.equal((await cloud.wattle('start')).code, 0);
  assert.equal(readFileSync(join(cloud.folder, 'var/secrets/admin'), 'utf8'), password);
}

async function fillDisks(t: TestContext, cloud: Cloud): Promise<void> {
  const small = mkdtempSync(join(tmpdir(), 'small-'));
  const mount = (size: string) => run(['mount', '-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', small]);
  t.after(async () => {
    await tryRun(['umount', '-l', small]);
    rmSync(small, { recursive: true });
  });
  const common = ['--passphrase-file', cloud.passphrase];
  const whole = await cloud.wattle('backup', join(cloud.folder, 'backups'), ...common);
  await mount('16k');
  const refused = await cloud.wattle('backup', small, ...common);
  assert.deepEqual([refused.code, /no space left/.test(refused.stderr)], [1, true], refused.stderr);
  assert.deepEqual(readdirSync(small), []);
  await run(['umount', small]);
  await mount('400k');
  const env = { ...cloud.settings, WATTLE_VAR: join(small, 'var') };
  const restored = await tryRun(cloud.argv('restore', lastLine(whole.stdout), ...common), { env });
  assert.deepEqual([restored.code, /no space left/.test(restored.stderr)], [1, true], restored.stderr);
  assert.ok(!isBelow(small, 'secrets'));
  rmSync(join(cloud.folder, 'backups'), { recursive: true });
}

async function restoreLater(cloud: Cloud): Promise<void> {
  const copy = join(cloud.folder, 'copy');
  const common = ['--passphrase-file', cloud.passphrase];
  await cloud.wattle('stop');
  cpSync(join(cloud.folder, 'var'), copy, { recursive: true });
  const database = new DatabaseSync(join(copy, 'db/compute.sqlite'));
  database.exec("INSERT INTO migrations VALUES ('900-later')");
  database.close();
  const env = { ...cloud.settings, WATTLE_VAR: copy };
  const made = await tryRun(cloud.argv('backup', join(cloud.folder, 'backups'), ...common), { env });
  assert.equal(made.code, 0, made.stderr);
  const { code, stderr } = await cloud.wattle('restore', lastLine(made.stdout), ...common, '--replace');
  assert.deepEqual([code, /later release: its database of compute has 900-later/.test(stderr)], [1, true], stderr);
}
