import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { temporary } from '../../../test/e2e/object-cloud.ts';
import { openDisk, type Place, placeIn } from '../drivers/device.ts';
import { openDatabases } from './databases.ts';
import { openEntries } from './entries.ts';
import { infoOf, insertInfo } from './store.ts';

const path = ['AUTH_p', 'docs', 'o'];

const entry = (name: string): Entry => ({
  name,
  timestamp: '0000000002.00000',
  meta: '',
  deleted: false,
  bytes: 10,
  count: 0,
  type: 'text/plain',
  etag: '',
});

/** Entries of one device, with a count of the transactions that they take. */
function context(t: TestContext) {
  const disk = openDisk({ name: 'd1', root: `${temporary(t)}/d1`, mountCheck: false });
  const databases = openDatabases(() => {});
  t.after(() => databases.close());
  const place = placeIn({ disk, kind: 'container', partition: 1 }, 'a'.repeat(32));
  let transactions = 0;
  const find = (wanted: Place) => {
    const db = databases.find(wanted);
    if (!db) return undefined;
    const transaction: typeof db.transaction = (work, options) => {
      transactions += 1;
      return db.transaction(work, options);
    };
    return { ...db, transaction };
  };
  const entries = openEntries({ ...databases, find });
  const make = () => insertInfo(databases.ensure(place), path.slice(0, 2), '0000000001.00000');
  const count = () => infoOf(databases.ensure(place))?.count;
  return { entries, place, make, count, transactions: () => transactions };
}

test('concurrent entries are written in one transaction, and each is confirmed', async (t) => {
  const { entries, place, make, count, transactions } = context(t);
  make();
  const heard = await Promise.all(['a', 'b', 'c'].map((name) => entries.put(place, path, entry(name))));
  assert.deepEqual(heard, [true, true, true]);
  assert.equal(count(), 3);
  assert.equal(transactions(), 1);
  assert.equal(await entries.put(place, path, entry('d')), true);
  assert.equal(count(), 4);
});

test('an entry of a missing container is refused', async (t) => {
  const { entries, place } = context(t);
  assert.equal(await entries.put(place, path, entry('a')), false);
});

test('a failed transaction is reported for each of its entries, and none is written', async (t) => {
  const { entries, place, make, count } = context(t);
  make();
  const wrong = { ...entry('b'), type: null } as unknown as Entry;
  const heard = await Promise.allSettled([entry('a'), wrong].map((each) => entries.put(place, path, each)));
  assert.deepEqual(
    heard.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(count(), 0);
  assert.equal(await entries.put(place, path, entry('a')), true);
});
