import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsAt } from './limits.ts';

test('limits per gigabyte grow with the volume, have a minimum, and win over fixed ones', () => {
  const specs = {
    read_iops_sec: '5',
    read_iops_sec_per_gb: '10',
    write_bytes_sec_per_gb: '100',
    write_bytes_sec_per_gb_min: '1000',
    total_bytes_sec: '7',
  };
  assert.deepEqual(limitsAt(specs, { sizeGb: 3 }), {
    read_iops_sec: '30',
    write_bytes_sec: '1000',
    total_bytes_sec: '7',
  });
});
