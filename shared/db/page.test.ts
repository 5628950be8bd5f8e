/** On both databases: WATTLE_TEST_MYSQL names the server of one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseIn, databaseKinds, skipped } from '../../test/fakes/databases.ts';
import { openDatabase } from './open.ts';
import { applyPage, countRows, type Sort } from './page.ts';

/** Deterministic: the test prints nothing that a seed would have to explain. */
function rows(count: number) {
  let state = 7;
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  return Array.from({ length: count }, (_, at) => ({
    id: `id-${String(next(1_000_000)).padStart(6, '0')}-${at}`,
    name: next(5) === 0 ? null : `name-${next(4)}`,
    size: next(3),
  }));
}

const orders: readonly (readonly Sort[])[] = [
  [{ column: 'id', descending: false }],
  [
    { column: 'name', descending: false },
    { column: 'id', descending: false },
  ],
  [
    { column: 'name', descending: true },
    { column: 'size', descending: false },
    { column: 'id', descending: true },
  ],
];

for (const kind of databaseKinds)
  test(`${kind}: pages of any order are the whole list, each row once`, { skip: skipped(kind) }, async (t) => {
    const own = databaseIn('', kind);
    const db = openDatabase(kind === 'sqlite' ? 'sqlite::memory:' : own.url);
    t.after(async () => {
      await db.destroy();
      await own.drop();
    });
    await db.schema.createTable('things', (table) => {
      table.string('id', 36).primary();
      table.string('name', 36);
      table.integer('size');
    });
    await db('things').insert(rows(60));
    for (const sorts of orders) {
      const whole = db('things');
      applyPage(whole, { sorts });
      const expected = (await whole).map(({ id }) => id);
      const seen: string[] = [];
      for (let after: Record<string, unknown> | undefined; ; ) {
        const page = db('things');
        applyPage(page, { sorts, limit: 7, ...(after ? { after } : {}) });
        const found = (await page) as { id: string }[];
        seen.push(...found.map(({ id }) => id));
        if (found.length < 7) break;
        after = found.at(-1);
      }
      assert.deepEqual(seen, expected, JSON.stringify(sorts));
      assert.equal(await countRows(db('things').orderBy('name').select('id')), 60);
    }
  });
