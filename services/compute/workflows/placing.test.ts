import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultConfig } from '../../../test/fakes/compute-cloud.ts';
import type { Compute } from '../context.ts';
import type { Host } from '../hosts/store.ts';
import { inventoryOf } from './placing.ts';

test('2 GB of the disk of a host are reserved, and at least 1 GB is left for guests on a small disk', () => {
  const free = (diskGb: number) => {
    const report = { vcpus: 1, ramMb: 1_024, diskGb } as Host['report'];
    const { total, reserved } = inventoryOf({ config: defaultConfig } as Compute, { report }).DISK_GB;
    return total - reserved;
  };
  assert.deepEqual([0, 1, 2, 3, 20].map(free), [1, 1, 1, 1, 18]);
});
