/** The contract of the database, run against both drivers. WATTLE_TEST_MYSQL is mysql://user:password@host:port. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDuplicate } from '#shared/db/errors.ts';
import { ensureColumn, ensureIndex, ensureTable, type Migration, migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { applyFilters } from '../../services/identity/filters/store.ts';

const mysql = process.env.WATTLE_TEST_MYSQL;
const kinds = {
  sqlite: { skip: false },
  mysql: { skip: mysql ? false : 'WATTLE_TEST_MYSQL names no server' },
};

const things: Migration = {
  name: '001-things',
  up: (tx) =>
    ensureTable(tx, 'things', (t) => {
      t.string('id', 255).primary();
      t.boolean('isLocked');
      t.bigInteger('sizeBytes');
      t.text('wholeStory');
      t.integer('version');
      t.index(['isLocked', 'sizeBytes']);
    }),
};

/** A database of this test, opened twice as by two processes. */
async function open(t: TestContext, kind: keyof typeof kinds) {
  const dir = mkdtempSync(join(tmpdir(), 'db-'));
  const schema = `wattle_t_${randomBytes(4).toString('hex')}`;
  const url = kind === 'sqlite' ? `sqlite:${join(dir, 'sub', 'db')}` : `${mysql}/${schema}`;
  const [db, other] = [openDatabase(url), openDatabase(url)];
  t.after(async () => {
    if (kind === 'mysql') await db.raw('DROP SCHEMA ??', [schema]);
    await Promise.all([db.destroy(), other.destroy()]);
    rmSync(dir, { recursive: true });
  });
  await migrate(db, [things]);
  return { db, other };
}

for (const kind of ['sqlite', 'mysql'] as const) {
  const check = (name: string, body: (t: TestContext) => Promise<void>) =>
    test(`${kind}: ${name}`, { skip: kinds[kind].skip }, body);

  check('an error has the statement without its values: a value may be a secret', async (t) => {
    const { db } = await open(t, kind);
    const failed = db('things').insert({ id: 'sesame', nowhere: 1 });
    await assert.rejects(failed, (error: Error) => /things/.test(error.message) && !error.message.includes('sesame'));
  });

  check('filters find the same rows on both databases, also by case', async (t) => {
    const { db } = await open(t, kind);
    const stories = ['Alpha', 'alphabet', '50%_ß', '2030'];
    await db('things').insert(
      stories.map((id) => ({ id, wholeStory: id.toLowerCase(), isLocked: id === 'Alpha', version: id.length })),
    );
    const columns = {
      name: { name: 'id', lowered: 'wholeStory' },
      text: 'id',
      on: { flag: 'isLocked' },
      size: { timestamp: 'version' },
    };
    const found = async (key: string, value: string) =>
      (await applyFilters(db('things').select('id').orderBy('version'), { [key]: [value] }, columns)).map(
        ({ id }) => id,
      );
    assert.deepEqual(await found('name', 'ALPHA'), ['Alpha']);
    assert.deepEqual(await found('text', 'ALPHA'), []);
    assert.deepEqual(await found('text__contains', 'pha'), ['Alpha', 'alphabet']);
    assert.deepEqual(await found('text__contains', 'PHA'), []);
    assert.deepEqual(await found('text__icontains', 'PHA'), ['Alpha', 'alphabet']);
    assert.deepEqual(await found('text__startswith', 'Al'), ['Alpha']);
    assert.deepEqual(await found('text__istartswith', 'AL'), ['Alpha', 'alphabet']);
    assert.deepEqual(await found('text__endswith', '%_ß'), ['50%_ß']);
    assert.deepEqual(await found('text__iendswith', 'HABET'), ['alphabet']);
    assert.deepEqual(await found('text__in', 'Alpha,2030'), ['2030', 'Alpha']);
    assert.deepEqual(await found('on', ''), ['Alpha'], 'a flag without a value is true');
    assert.equal((await found('on', '0')).length, 3);
    assert.equal((await found('size', 'lt:2030-01-01T00:00:00Z')).length, 4);
    assert.deepEqual(await found('size', 'eq:1970-01-01T00:00:00Z'), []);
    assert.equal((await found('nowhere', 'x')).length, 4, 'an unknown key filters nothing');
  });

  check('a row comes back as it was written: names, booleans, big numbers, long texts', async (t) => {
    const { db } = await open(t, kind);
    const row = { id: 'a', isLocked: true, sizeBytes: 2 ** 52, wholeStory: 'ß'.repeat(100_000), version: 1 };
    await db('things').insert(row);
    assert.deepEqual(await db('things').where({ isLocked: true, sizeBytes: 2 ** 52 }), [row]);
    assert.deepEqual(await db('things').first('isLocked'), { isLocked: true });
    assert.deepEqual(await db('things').pluck('isLocked'), [true]);
  });

  check('text is compared by code points: case and accents count', async (t) => {
    const { db } = await open(t, kind);
    await db('things').insert([{ id: 'web' }, { id: 'Web' }, { id: 'wéb' }, { id: '🦊' }]);
    assert.deepEqual(await db('things').where({ id: 'web' }).pluck('id'), ['web']);
    assert.deepEqual(await db('things').orderBy('id').pluck('id'), ['Web', 'web', 'wéb', '🦊']);
  });

  check('counts and sums are numbers', async (t) => {
    const { db } = await open(t, kind);
    await db('things').insert([
      { id: 'a', version: 1 },
      { id: 'b', version: 2 },
    ]);
    assert.deepEqual(await db('things').count('* as many').sum('version as total').first(), { many: 2, total: 3 });
  });

  check('raw queries answer with their rows', async (t) => {
    const { db } = await open(t, kind);
    await db('things').insert({ id: 'a', isLocked: false });
    assert.deepEqual(await db.raw('SELECT id, is_locked FROM things WHERE id = ?', ['a']), [
      { id: 'a', isLocked: false },
    ]);
  });

  check('an update that changes no value still counts the rows it matched', async (t) => {
    const { db } = await open(t, kind);
    await db('things').insert({ id: 'a', version: 1 });
    assert.equal(await db('things').where({ id: 'a' }).update({ version: 1 }), 1);
  });

  check('a duplicate key is recognised', async (t) => {
    const { db } = await open(t, kind);
    await db('things').insert({ id: 'a' });
    await assert.rejects(Promise.resolve(db('things').insert({ id: 'a' })), isDuplicate);
    await db('things').insert({ id: 'a', version: 9 }).onConflict('id').merge();
    assert.equal((await db('things').first('version')).version, 9);
  });

  check('db inside a transaction fails at once, and works again after it', async (t) => {
    const { db } = await open(t, kind);
    await assert.rejects(
      db.transaction(() => db('things').insert({ id: 'lost' })),
      /use its tx/,
    );
    assert.deepEqual(await db('things'), []);
  });

  check('another database can be used inside a transaction', async (t) => {
    const [{ db }, { db: second }] = [await open(t, kind), await open(t, kind)];
    await db.transaction(() => second('things').insert({ id: 'a' }));
    assert.equal((await second('things')).length, 1);
  });

  check('a transaction within a transaction can fail alone', async (t) => {
    const { db } = await open(t, kind);
    await db.transaction(async (tx) => {
      await tx('things').insert({ id: 'kept' });
      const inner = tx.transaction(async (deeper) => {
        await deeper('things').insert({ id: 'undone' });
        throw new Error('no');
      });
      await assert.rejects(inner, /no/);
      await tx.transaction((deeper) => deeper('things').insert({ id: 'kept too' }));
    });
    assert.deepEqual(await db('things').orderBy('id').pluck('id'), ['kept', 'kept too']);
  });

  check('a guarded update has one winner', async (t) => {
    const { db, other } = await open(t, kind);
    await db('things').insert({ id: 'a', version: 1 });
    const tries = [db, other, db, other].map((each) =>
      each('things').where({ id: 'a', version: 1 }).update({ version: 2 }),
    );
    assert.deepEqual((await Promise.all(tries)).sort(), [0, 0, 0, 1]);
  });

  check('a locked read makes the other wait, and then see what was written', async (t) => {
    const { db, other } = await open(t, kind);
    await db('things').insert({ id: 'a', version: 0 });
    const grow = (each: typeof db) =>
      each.transaction(async (tx) => {
        const { version } = await tx('things').where({ id: 'a' }).forUpdate().first('version');
        await sleep(5);
        await tx('things')
          .where({ id: 'a' })
          .update({ version: version + 1 });
      });
    await Promise.all([db, other, db, other, db, other].map(grow));
    assert.equal((await db('things').first('version')).version, 6);
  });

  check('transactions that lock rows in opposite order both commit', async (t) => {
    const { db, other } = await open(t, kind);
    await db('things').insert([
      { id: 'a', version: 0 },
      { id: 'b', version: 0 },
    ]);
    const both = (each: typeof db, ids: string[]) =>
      each.transaction(async (tx) => {
        for (const id of ids) {
          await tx('things').where({ id }).increment('version', 1);
          await sleep(30);
        }
      });
    await Promise.all([both(db, ['a', 'b']), both(other, ['b', 'a'])]);
    assert.deepEqual(await db('things').pluck('version'), [2, 2]);
  });

  check('processes that start at once migrate once, also after half a migration', async (t) => {
    const { db, other } = await open(t, kind);
    await db('migrations').delete();
    const second: Migration = {
      name: '002-more',
      up: async (tx) => {
        await ensureColumn(tx, 'things', 'hostId', (each) => each.string('hostId', 36));
        await ensureIndex(tx, 'things', ['hostId', 'version']);
        await ensureIndex(tx, 'things', ['hostId'], { unique: true });
      },
    };
    await Promise.all([migrate(db, [things, second]), migrate(other, [things, second])]);
    assert.deepEqual(await db('migrations').orderBy('name').pluck('name'), ['001-things', '002-more']);
    await db('migrations').delete();
    await migrate(db, [things, second]);
    await db('things').insert({ id: 'a', hostId: 'h' });
    await assert.rejects(Promise.resolve(db('things').insert({ id: 'b', hostId: 'h' })), isDuplicate);
  });

  check('an index name longer than 64 characters is shortened', async (t) => {
    const { db } = await open(t, kind);
    const long = 'aTableWithQuiteALongNameForAllThatItHolds';
    await migrate(db, [
      {
        name: '003-long',
        up: (tx) =>
          ensureTable(tx, long, (each) => {
            each.string('aColumnWithALongName', 64);
            each.string('anotherColumnWithALongName', 64);
            each.index(['aColumnWithALongName', 'anotherColumnWithALongName']);
          }),
      },
    ]);
    assert.deepEqual(await db(long), []);
  });
}

test('D06: mysql: connections that the server cuts are replaced', { skip: kinds.mysql.skip }, async (t) => {
  const { db, other } = await open(t, 'mysql');
  const cut = async () => {
    const [{ id }] = await db.raw('SELECT CONNECTION_ID() AS id');
    await other.raw(`KILL ${id}`);
  };
  await cut();
  assert.deepEqual(await db('things'), []);
  let tries = 0;
  await db.transaction(async (tx) => {
    const [{ id }] = await tx.raw('SELECT CONNECTION_ID() AS id');
    tries += 1;
    await tx('things').insert({ id: 'a' });
    if (tries === 1) await other.raw(`KILL ${id}`);
    await tx('things').where({ id: 'a' }).update({ version: 1 });
  });
  assert.equal(tries, 2);
  assert.deepEqual(await db('things').pluck('version'), [1]);
});
