/** How much of the matrix of faults is proved by tests that name its cells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedInTitles } from '../advisories/titles.ts';
import { cells } from './list.ts';

/** It only rises: whoever names more raises it. */
const floor = 121;

const ids = new Set(cells.map(({ id }) => id));
const named = namedInTitles(/^[A-Z]\d{2}$/);

test('the matrix names each cell once', () => {
  assert.equal(cells.length, 192);
  assert.equal(ids.size, cells.length);
});

test('as many cells are proved as before, and each that a title names is one', (t) => {
  t.diagnostic(`fault cells ${named.size}/${cells.length}`);
  for (const [fault, some] of Map.groupBy(cells, (cell) => cell.fault))
    t.diagnostic(`${fault}: ${some.filter(({ id }) => named.has(id)).length}/${some.length}`);
  assert.deepEqual(
    [...named].filter((id) => !ids.has(id)),
    [],
  );
  assert.ok(named.size >= floor, `${named.size} cells are named, ${floor} were`);
});
