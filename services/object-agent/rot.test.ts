/** What rots on a disk is never served, is put aside, and comes back from the others. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { callTo, filesBelow, putAt, startStore, until } from '../../test/e2e/object-cloud.ts';

const fast = { replicateMs: 50, auditMs: 50, auditPassMs: 50, reportMs: 20, rehashMs: 100 };
const object = ['AUTH_p', 'docs', 'o'] as const;

/** Each changes a file that holds 1 500 000 bytes and its trailer. */
const rot: Readonly<Record<string, (file: string, bytes: Buffer) => void>> = {
  'R01: a copy of which a byte changed': (file, bytes) => writeFileSync(file, flipped(bytes, 1_200_000)),
  'R02: a copy that was cut': (file) => truncateSync(file, 700_000),
  'R03: a copy of which nothing is left': (file) => truncateSync(file, 0),
  'R04: a copy whose description changed': (file, bytes) => writeFileSync(file, flipped(bytes, bytes.length - 60)),
};

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

for (const [what, damage] of Object.entries(rot))
  test(`${what} is never served, is put aside, and comes back`, async (t) => {
    const store = await startStore(t, fast);
    await store.ask('PUT', '/docs');
    const content = randomBytes(1_500_000);
    await store.ask('PUT', '/docs/o', {}, content);
    const root = join(store.folder, 'object-agent', 'd1');
    const [file = ''] = filesBelow(join(root, 'objects'));
    const whole = readFileSync(file);
    damage(file, whole);
    for (let turn = 0; turn < 4; turn += 1) {
      const answer = await store.ask('GET', '/docs/o');
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(content));
    }
    await until(t, () => filesBelow(join(root, 'quarantined')).length > 0);
    await until(t, () => existsSync(file) && readFileSync(file).equals(whole));
  });

test('R06: a copy whose tombstone was lost stays deleted, and gets its tombstone again', async (t) => {
  const before = await startStore(t);
  await before.ask('PUT', '/docs');
  await before.ask('PUT', '/docs/o', {}, 'old');
  const objects = join(before.folder, 'object-agent', 'd1', 'objects');
  const [data = ''] = filesBelow(objects);
  const dark = readFileSync(data);
  await before.ask('DELETE', '/docs/o');
  await before.close();
  const [tombstone = ''] = filesBelow(objects);
  assert.match(tombstone, /\.ts$/);
  renameSync(tombstone, join(before.folder, 'lost'));
  writeFileSync(data, dark);
  const store = await startStore(t, fast, {}, {}, before.folder);
  await until(t, () => existsSync(tombstone) && !existsSync(data));
  for (let turn = 0; turn < 3; turn += 1) assert.equal((await store.ask('GET', '/docs/o')).status, 404);
  assert.equal((await store.ask('GET', '/docs')).status, 204);
});

test('C05: a proxy whose clock is behind loses no newer write: it refuses its own', async (t) => {
  const store = await startStore(t);
  await store.ask('PUT', '/docs');
  const later = { 'x-timestamp': `${Math.floor(Date.now() / 1000) + 3600}.00000` };
  for (const device of ['d1', 'd2', 'd3']) {
    const call = callTo(store.ring, 'object', 'PUT', device, object, later);
    assert.equal((await putAt(store.agentOf(device), call, Buffer.from('newer'))).status, 201);
  }
  assert.ok(newTimestamp() < later['x-timestamp']);
  assert.equal((await store.ask('PUT', '/docs/o', {}, 'older')).status, 409);
  assert.equal((await store.ask('DELETE', '/docs/o')).status, 409);
  assert.equal(await (await store.ask('GET', '/docs/o')).text(), 'newer');
});
