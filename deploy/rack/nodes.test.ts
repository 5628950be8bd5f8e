import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeMajority } from './nodes.ts';
import type { NodeRow } from './registry/store.ts';

const now = Date.now();
const management = (count: number, down = 0): NodeRow[] =>
  Array.from({ length: count }, (_, at) => {
    const seenAt = at < down ? now - 60_000 : now;
    return { name: `mgmt${at}`, roles: ['management'], seenAt } as unknown as NodeRow;
  });

test('the list of nodes says whether a management node may be lost now', () => {
  const texts = [management(1), management(2), management(3), management(3, 1), management(3, 2), management(5)].map(
    (nodes) => describeMajority(nodes, now),
  );
  assert.deepEqual(texts, [
    '1 of 1 management nodes up: three are needed before one may be lost.',
    '2 of 2 management nodes up: three are needed before one may be lost.',
    '3 of 3 management nodes up: any 1 may be lost.',
    '2 of 3 management nodes up: none may be lost now.',
    '1 of 3 management nodes up: too few, no API answers until 1 more are back.',
    '5 of 5 management nodes up: any 2 may be lost.',
  ]);
});
