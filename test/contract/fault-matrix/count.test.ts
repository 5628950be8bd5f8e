/** Counts the cells of the fault matrix that test titles name, and those that a reason excludes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedInTitles } from '../advisories/titles.ts';
import { cells } from './list.ts';
import { reasons } from './reasons.ts';

/** The number must not fall; raise it when tests name more cells. */
const floor = 147;

const ids = new Set(cells.map(({ id }) => id));
const named = namedInTitles(/^[A-Z]\d{2}$/);

test('the matrix lists each cell once', () => {
  assert.equal(cells.length, 192);
  assert.equal(ids.size, cells.length);
});

test('no fewer cells are tested than before, and every cell in a title is in the matrix', (t) => {
  t.diagnostic(`fault cells ${named.size}/${cells.length} tested, ${Object.keys(reasons).length} reasoned`);
  for (const [fault, some] of Map.groupBy(cells, (cell) => cell.fault))
    t.diagnostic(`${fault}: ${some.filter(({ id }) => named.has(id)).length}/${some.length}`);
  assert.deepEqual(
    [...named].filter((id) => !ids.has(id)),
    [],
  );
  assert.ok(named.size >= floor, `${named.size} cells are named, ${floor} were`);
});

test('a reason is one sentence, for a listed cell without a test', () => {
  const needless = Object.keys(reasons).filter((id) => named.has(id) || !ids.has(id));
  assert.deepEqual(needless, [], 'a reason for a cell that has a test or is not listed');
  for (const reason of Object.values(reasons)) assert.match(reason, /^[A-Z][^\n]{30,}\.$/);
});
