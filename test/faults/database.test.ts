/** The database stops, dies, freezes, becomes read-only or loses an answer: what was acknowledged is there, once. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { ensureTable } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openImages } from '../fakes/image-api.ts';
import { type CommitFault, mysqlProxy } from '../fakes/mysql-proxy.ts';
import { noMariadb, type OwnMariadb, startMariadb } from '../fakes/own-mariadb.ts';

const options = { skip: noMariadb };
let server: OwnMariadb;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  if (!noMariadb) server = await startMariadb({ after: (end) => void ends.push(end) });
});
after(async () => {
  for (const end of ends) await end();
});

async function open(t: TestContext, url = server.url) {
  const db = openDatabase(url);
  t.after(() => db.destroy());
  await ensureTable(db, 'things', (things) => {
    things.string('id', 36).primary();
    things.integer('version').notNullable();
  });
  return db;
}

/** Writers that note what was acknowledged, and what failed: until told to stop. */
function writers(db: Knex) {
  const ledger = { kept: [] as string[], failed: 0 };
  let going = true;
  const write = async () => {
    while (going) {
      const id = randomUUID();
      const insert = (tx: Knex) => tx('things').insert({ id, version: 1 });
      await db
        .transaction(async (tx) => {
          await insert(tx);
          await tx('things').where({ id }).update({ version: 2 });
        })
        .then(
          () => ledger.kept.push(id),
          () => {
            ledger.failed += 1;
          },
        );
      await sleep(5);
    }
  };
  const all = Promise.all([1, 2, 3, 4].map(write));
  const more = async () => {
    const enough = ledger.kept.length + 20;
    while (ledger.kept.length < enough) await sleep(5);
  };
  const stop = async () => {
    going = false;
    await all;
    const rows = new Map((await db('things')).map(({ id, version }: { id: string; version: number }) => [id, version]));
    assert.deepEqual(
      ledger.kept.filter((id) => rows.get(id) !== 2),
      [],
      'what was acknowledged is there',
    );
    assert.deepEqual(
      [...rows.values()].filter((version) => version !== 2),
      [],
      'and nothing half',
    );
    return ledger;
  };
  return { more, stop };
}

const faults: Readonly<Record<string, () => Promise<void>>> = {
  'D01: is restarted': async () => {
    await server.stop();
    await server.start();
  },
  'D02: is killed and restarted': async () => {
    await server.signal('SIGKILL');
    await server.start();
  },
  'P05: is frozen for three seconds': async () => {
    await server.signal('SIGSTOP');
    await sleep(3_000);
    await server.signal('SIGCONT');
  },
};

for (const [what, fault] of Object.entries(faults))
  test(`${what}: the database under writers`, options, async (t) => {
    const work = writers(await open(t));
    await work.more();
    await fault();
    await work.more();
    const { kept, failed } = await work.stop();
    t.diagnostic(`${kept.length} kept, ${failed} failed`);
  });

test(
  'D03: while the database is down a request hears 503 and when to come again, and is served when it is back',
  options,
  async (t) => {
    const { ask, make } = await openImages(t, { database: server.url });
    const id = await make();
    await server.stop();
    const [read, write] = await Promise.all([
      ask('GET', `/v2/images/${id}`),
      ask('POST', '/v2/images', { body: { name: 'late', disk_format: 'raw', container_format: 'bare' } }),
    ]);
    for (const answer of [read, write]) {
      assert.equal(answer.status, 503, answer.raw.toString());
      assert.equal(answer.headers.get('retry-after'), '5');
    }
    assert.equal((await ask('GET', '/')).status, 300, 'what needs no database is answered');
    await server.start();
    assert.equal((await ask('GET', `/v2/images/${id}`)).status, 200);
  },
);

test('D04: a server that was made read-only is tried again until another writes', options, async (t) => {
  const [db, admin] = [await open(t), openDatabase(server.adminUrl)];
  t.after(() => admin.destroy());
  await admin.raw('SET GLOBAL read_only = 1');
  let tries = 0;
  const written = db.transaction(async (tx) => {
    tries += 1;
    await tx('things').insert({ id: 'late', version: 2 });
  });
  while (tries < 3) await sleep(5);
  await admin.raw('SET GLOBAL read_only = 0');
  await written;
  assert.equal((await db('things').where({ id: 'late' })).length, 1);
});

test('D05: of transactions that lock each other out each is done, once', options, async (t) => {
  const db = await open(t);
  await db('things').insert([
    { id: 'a', version: 0 },
    { id: 'b', version: 0 },
  ]);
  let tries = 0;
  const both = (ids: readonly string[]) =>
    db.transaction(async (tx) => {
      tries += 1;
      for (const id of ids) await tx('things').where({ id }).increment('version', 1);
    });
  await Promise.all(Array.from({ length: 40 }, (_, at) => both(at % 2 ? ['a', 'b'] : ['b', 'a'])));
  assert.deepEqual(await db('things').whereIn('id', ['a', 'b']).pluck('version'), [40, 40]);
  assert.ok(tries > 40, `${tries} tries: some were locked out`);
  const locked = Promise.withResolvers<void>();
  const holder = db.transaction(async (tx) => {
    await tx('things').where({ id: 'a' }).increment('version', 1);
    await locked.promise;
  });
  let waits = 0;
  const waiter = db.transaction(async (tx) => {
    waits += 1;
    if (waits > 1) locked.resolve();
    await tx.raw('SET innodb_lock_wait_timeout = 1');
    await tx('things').where({ id: 'a' }).increment('version', 1);
    await tx.raw('SET innodb_lock_wait_timeout = 10');
  });
  await Promise.all([holder, waiter]);
  assert.ok(waits > 1, 'the first wait was in vain: error 1205');
  assert.equal((await db('things').where({ id: 'a' }).first('version')).version, 42);
  await db('things').whereIn('id', ['a', 'b']).delete();
});

/** Error, tries of the work, and the version of the row afterwards. */
async function commitWith(t: TestContext, fault: CommitFault) {
  const proxy = await mysqlProxy(t, server.port);
  const url = new URL(server.url);
  url.port = String(proxy.port);
  const [db, direct] = [await open(t, url.href), await open(t)];
  const id = randomUUID();
  await direct('things').insert({ id, version: 2 });
  let tries = 0;
  proxy.next(fault);
  const error = await db
    .transaction(async (tx) => {
      tries += 1;
      await tx('things').where({ id }).increment('version', 1);
      if (tries === 1 && fault === 'beaten') await sleep(1);
    })
    .then(
      () => undefined,
      (failed: Error) => failed,
    );
  const { version } = await direct('things').where({ id }).first('version');
  await direct('things').where({ id }).delete();
  return { error: error !== undefined, tries, version };
}

test(
  'D07: a commit whose answer is lost is told as an error and never done twice, whether it was kept or not',
  options,
  async (t) => {
    assert.deepEqual(await commitWith(t, 'unheard'), { error: true, tries: 1, version: 3 });
    assert.deepEqual(await commitWith(t, 'unsent'), { error: true, tries: 1, version: 2 });
  },
);

test('D10: of two writers of one row the one that its cluster undoes at the commit begins anew', options, async (t) => {
  assert.deepEqual(await commitWith(t, 'beaten'), { error: false, tries: 2, version: 3 });
});

test(
  'D08: when slow queries take every connection, others wait for one, and what needs none is answered',
  options,
  async (t) => {
    const { ask, db } = await openImages(t, { database: server.url });
    const slow = Array.from({ length: 20 }, () => db.raw('SELECT SLEEP(0.7)'));
    const begun = performance.now();
    assert.equal((await ask('GET', '/')).status, 300);
    assert.ok(performance.now() - begun < 500);
    assert.equal((await ask('GET', '/v2/images')).status, 200);
    await Promise.all(slow);
  },
);
