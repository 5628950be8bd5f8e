import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { entryOf } from '../../../test/fakes/listing-entry.ts';
import {
  changesAfter,
  forgetGone,
  heardFrom,
  infoOf,
  insertInfo,
  list,
  mergeEntry,
  mergeInfo,
  openListing,
  setHeard,
} from './store.ts';

function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'listing-'));
  const db = openListing(join(folder, 'x.db'));
  t.after(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  insertInfo(db, ['a', 'c'], '0000000001.00000');
  return db;
}

const entry = (name: string, timestamp: number, more: Partial<Entry> = {}): Entry =>
  entryOf(name, { timestamp: `000000000${timestamp}.00000`, ...more });
const all = { prefix: '', delimiter: '', marker: '', endMarker: '', limit: 100, reverse: false, subdirs: true };

test('replicas that get the same entries in any order converge', (t) => {
  const changes = [
    entry('a', 2),
    entry('a', 4, { deleted: true }),
    entry('a', 3, { bytes: 5 }),
    entry('b', 2, { bytes: 7 }),
    entry('b', 2, { meta: '0000000005.00000', type: 'u', bytes: 7 }),
    entry('c', 3, { deleted: true }),
    entry('c', 4),
  ];
  const [one, other] = [open(t), open(t)];
  for (const each of changes) mergeEntry(one, each);
  for (const each of changes.toReversed()) mergeEntry(other, each);
  const facts = (db: typeof one) => {
    const { count, bytes, sum } = infoOf(db) ?? {};
    return { count, bytes, sum, page: list(db, all) };
  };
  assert.deepEqual(facts(one), facts(other));
  assert.deepEqual([facts(one).count, facts(one).bytes], [2, 17]);
});

test('a repeated entry changes nothing', (t) => {
  const db = open(t);
  assert.equal(mergeEntry(db, entry('a', 2)), true);
  const before = infoOf(db);
  assert.equal(mergeEntry(db, entry('a', 2)), false);
  assert.deepEqual(infoOf(db), before);
});

test('a replica gets only the changes that it does not have', (t) => {
  const db = open(t);
  for (const name of ['a', 'b', 'c']) mergeEntry(db, entry(name, 2));
  const first = changesAfter(db, 0, 2);
  assert.deepEqual(
    first.entries.map(({ name }) => name),
    ['a', 'b'],
  );
  mergeEntry(db, entry('a', 3));
  assert.deepEqual(
    changesAfter(db, first.seq, 10).entries.map(({ name }) => name),
    ['c', 'a'],
  );
  setHeard(db, 'other', 7);
  setHeard(db, 'other', 5);
  assert.equal(heardFrom(db, 'other'), 7);
});

test('old tombstones are deleted, also from the digest', (t) => {
  const [db, fresh] = [open(t), open(t)];
  mergeEntry(db, entry('a', 2, { deleted: true }));
  mergeEntry(db, entry('b', 5));
  mergeEntry(fresh, entry('b', 5));
  assert.equal(forgetGone(db, '0000000003.00000'), true);
  assert.equal(infoOf(db)?.sum, infoOf(fresh)?.sum);
  assert.equal(forgetGone(db, '0000000003.00000'), false);
});

test('each metadata header has its own timestamp', (t) => {
  const db = open(t);
  mergeInfo(db, { metadata: { a: ['1', '3'], b: ['1', '3'] } });
  mergeInfo(db, { metadata: { a: ['2', '2'], b: ['', '4'] } });
  assert.deepEqual(infoOf(db)?.metadata, { a: ['1', '3'], b: ['', '4'] });
});

test('a page with a delimiter is full however many names a common prefix has', (t) => {
  const db = open(t);
  db.transaction(() => {
    for (let at = 0; at < 1000; at += 1) mergeEntry(db, entry(`a/${at}`, 2));
    for (const name of ['a', 'b', 'ab/x', '\u{1F600}/x', '\uffee']) mergeEntry(db, entry(name, 2));
  });
  const names = (more: Partial<typeof all>) =>
    list(db, { ...all, delimiter: '/', ...more }).map((row) => ('subdir' in row ? row.subdir : row.name));
  assert.deepEqual(names({}), ['a', 'a/', 'ab/', 'b', '\uffee', '\u{1F600}/']);
  assert.deepEqual(names({ reverse: true }), ['\u{1F600}/', '\uffee', 'b', 'ab/', 'a/', 'a']);
  assert.deepEqual(names({ limit: 2, marker: 'a' }), ['a/', 'ab/']);
  assert.equal(list(db, { ...all, prefix: 'a/', delimiter: '/', limit: 5000 }).length, 1000);
});
