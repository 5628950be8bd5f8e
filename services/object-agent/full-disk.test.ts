import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, tryRun } from '#shared/process/run.ts';
import { callTo, filesBelow, putAt, startAgents, startStore } from '../../test/e2e/object-cloud.ts';

const isRoot = process.getuid?.() === 0;
const tmpfs = async (path: string, mib: number) => {
  mkdirSync(path, { recursive: true });
  await run(['mount', '-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', path]);
};

test('S05: a full disk is a 507 without a partial file; a handoff is used', { skip: !isRoot }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'objects-'));
  const small = join(folder, 'object-agent', 'd1');
  await tmpfs(small, 8);
  const cleanUp = async () => {
    await store.close();
    await tryRun(['umount', '-l', small]);
    rmSync(folder, { recursive: true });
  };
  t.after(cleanUp);
  const ring = { devices: ['z1-:6210/d1', 'z2-:6210/d2', 'z3-:6210/d3', 'z1-:6210/d4'] };
  const store = await startStore(t, { reserveMb: 0 }, ring, {}, folder);
  await store.ask('PUT', '/docs');
  const content = randomBytes(12 * 2 ** 20);
  const call = callTo(store.ring, 'object', 'PUT', 'd1', ['AUTH_p', 'docs', 'direct']);
  await assert.rejects(putAt(store.agentOf('d1'), call, content), { code: 'ENOSPC' });
  assert.deepEqual(filesBelow(join(small, 'tmp')), []);
  const announced = { ...call, headers: { ...call.headers, 'x-backend-length': String(content.length) } };
  assert.equal((await putAt(store.agentOf('d1'), announced, content)).status, 507);
  assert.equal((await store.ask('PUT', '/docs/o', {}, content)).status, 201);
  assert.ok(Buffer.from(await (await store.ask('GET', '/docs/o')).arrayBuffer()).equals(content));
  assert.equal(
    ['d2', 'd3', 'd4'].flatMap((name) => filesBelow(join(folder, 'object-agent', name, 'objects'))).length,
    3,
  );
});

const spoil = {
  'S09: a device without inodes left': async (device: string) => {
    for (let at = 0; ; at += 1)
      try {
        writeFileSync(join(device, `junk${at}`), '');
      } catch {
        return; // there are no more
      }
  },
  'S17: a device that became read-only': async (device: string) => {
    await run(['mount', '-o', 'remount,ro', device]);
  },
};

for (const [what, damage] of Object.entries(spoil))
  test(`${what} is passed over, and what it holds is read`, { skip: !isRoot }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'objects-'));
    const device = join(folder, 'object-agent', 'd1');
    mkdirSync(device, { recursive: true });
    await run(['mount', '-t', 'tmpfs', '-o', 'size=32m,nr_inodes=100', 'tmpfs', device]);
    const before = await startStore(t, { reserveMb: 0 }, {}, {}, folder);
    await before.ask('PUT', '/docs');
    assert.equal((await before.ask('PUT', '/docs/before', {}, 'before')).status, 201);
    await before.close();
    await damage(device);
    const store = await startStore(t, { reserveMb: 0 }, {}, {}, folder);
    t.after(async () => {
      await store.close();
      await tryRun(['umount', '-l', device]);
      rmSync(folder, { recursive: true });
    });
    for (const size of [10, 3_000_000]) {
      const content = randomBytes(size);
      assert.equal((await store.ask('PUT', '/docs/o', {}, content)).status, 201);
      assert.ok(Buffer.from(await (await store.ask('GET', '/docs/o')).arrayBuffer()).equals(content));
    }
    for (let turn = 0; turn < 3; turn += 1)
      assert.equal(await (await store.ask('GET', '/docs/before')).text(), 'before');
    assert.equal((await store.ask('DELETE', '/docs/before')).status, 204);
    assert.equal((await store.ask('GET', '/docs/before', { 'x-newest': 'true' })).status, 404);
  });

test('Q01: when every device is full the answer is a 503, without partial files', async (t) => {
  const store = await startStore(t, { reserveMb: 10 ** 12 });
  await store.ask('PUT', '/docs');
  assert.equal((await store.ask('PUT', '/docs/o', {}, 'text')).status, 503);
  assert.equal((await store.ask('GET', '/docs/o')).status, 404);
  const left = filesBelow(join(store.folder, 'object-agent')).filter((file) =>
    /objects|tmp\//.test(file.slice(store.folder.length)),
  );
  assert.deepEqual(left, []);
});

test('a device that must be a mount point and is none is missing', async (t) => {
  const agents = await startAgents(t, { mountCheck: true });
  const { status } = await agents.agentOf('d1').ask(callTo(agents.ring, 'account', 'HEAD', 'd1', ['AUTH_p']));
  assert.equal(status, 507);
});
