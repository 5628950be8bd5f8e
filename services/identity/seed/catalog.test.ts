import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { endpoint } from '../catalog/resource.ts';
import type { Identity } from '../context.ts';
import { identity as tables } from '../migrations/001-identity.ts';
import { seededEndpoints } from '../migrations/011-seeded-endpoints.ts';
import { ensureCatalog } from './catalog.ts';

async function open(t: TestContext) {
  const db = openDatabase('sqlite::memory:');
  t.after(() => db.destroy());
  await migrate(db, [tables, seededEndpoints]);
  const startAt = async (publicAddress: string) => {
    const cloud = { publicAddress, region: 'here' };
    await ensureCatalog(db, { cloud, log: silentLog() } as unknown as Identity);
    return endpoint.rows.list(db);
  };
  const set = (id: string, url: string) => endpoint.rows.update(db, id, { url });
  return { startAt, set };
}

const hostsOf = (endpoints: readonly { readonly url: string }[]) => [
  ...new Set(endpoints.map(({ url }) => new URL(url).hostname)),
];

test('endpoints move with the address of the cloud, without duplicates', async (t) => {
  const { startAt } = await open(t);
  const first = await startAt('192.0.2.1');
  const moved = await startAt('192.0.2.2');
  assert.deepEqual([hostsOf(first), hostsOf(moved)], [['192.0.2.1'], ['192.0.2.2']]);
  assert.deepEqual(
    moved.map(({ id }) => id),
    first.map(({ id }) => id),
  );
  assert.deepEqual(hostsOf(await startAt('192.0.2.3')), ['192.0.2.3']);
});

test('an endpoint that an administrator set stays, whether the cloud moves or not', async (t) => {
  const { startAt, set } = await open(t);
  const [own] = await startAt('192.0.2.1');
  await set(own?.id ?? '', 'https://cloud.example.org/identity');
  for (const address of ['192.0.2.1', '192.0.2.2'])
    assert.deepEqual(hostsOf(await startAt(address)), ['cloud.example.org', address]);
});
