import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Knex } from 'knex';
import { openSqlite } from '#shared/db/sqlite.ts';
import { conflict } from '#shared/errors/fault.ts';
import { classOf, quotas } from './quota.ts';

const disks = quotas<{ readonly db: Knex }>({
  column: 'ceiling',
  lock: { table: 'locks', key: 'projectId' },
  cloud: () => ({ disks: 2, snapshots: -1 }),
  used: async ({ db }, projectId) => ({ disks: (await db('disks').where({ projectId })).length }),
});

async function database(): Promise<{ db: Knex }> {
  const db = openSqlite(':memory:');
  await db.schema.createTable('quotas', (t) => {
    t.string('projectId');
    t.string('resource');
    t.integer('ceiling');
    t.primary(['projectId', 'resource']);
  });
  await db.schema.createTable('locks', (t) => void t.string('projectId').primary());
  await db.schema.createTable('disks', (t) => void t.string('projectId'));
  return { db };
}

const add = ({ db }: { db: Knex }, more: number) =>
  db.transaction(async (tx) => {
    await disks.reserve({ db: tx }, 'p', { disks: more, snapshots: 5 }, (excess) => conflict(JSON.stringify(excess)));
    for (let index = 0; index < more; index += 1) await tx('disks').insert({ projectId: 'p' });
  });

test('limits of a project come before those of the default class, and those before the cloud', async (t) => {
  const service = await database();
  t.after(() => service.db.destroy());
  assert.deepEqual(await disks.limits(service, 'p'), { disks: 2, snapshots: -1 });
  await disks.save(service, classOf('default'), { disks: 5, snapshots: 6 });
  await disks.save(service, 'p', { disks: 7 });
  assert.deepEqual(await disks.defaults(service), { disks: 5, snapshots: 6 });
  assert.deepEqual(await disks.limits(service, 'p'), { disks: 7, snapshots: 6 });
  await disks.save(service, 'p', { disks: 8 });
  assert.deepEqual(await disks.limits(service, 'p'), { disks: 8, snapshots: 6 });
  await disks.reset(service, 'p');
  assert.deepEqual(await disks.limits(service, 'p'), { disks: 5, snapshots: 6 });
});

test('a reservation beyond a limit is refused with the numbers', async (t) => {
  const service = await database();
  t.after(() => service.db.destroy());
  await add(service, 1);
  await assert.rejects(add(service, 2), { message: '{"resource":"disks","limit":2,"used":1,"more":2}' });
  await add(service, 1);
  const [details] = await disks.details(service, 'p');
  assert.deepEqual(details, { resource: 'disks', limit: 2, used: 2 });
});

test('of many first creations in a fresh project as many succeed as its limit allows', async (t) => {
  const service = await database();
  t.after(() => service.db.destroy());
  const results = await Promise.allSettled([1, 2, 3, 4, 5].map(() => add(service, 1)));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 2);
});
