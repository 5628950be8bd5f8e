import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsOf } from './guest-spec.ts';

const of = (qos_specs: unknown) => limitsOf({ driver_volume_type: 'iscsi', data: { qos_specs } }).limits;

test('QoS specs of a volume become limits of its disk; total ones win over those of reads and writes', () => {
  assert.deepEqual(of({ read_iops_sec: '100', write_bytes_sec: '5000', other: '1' }), {
    'iops-read': 100,
    'bps-write': 5000,
  });
  assert.deepEqual(of({ total_iops_sec: '10', read_iops_sec: '5' }), { 'iops-total': 10 });
  assert.deepEqual(of({ read_iops_sec: '5', read_iops_sec_max: '50', write_iops_sec_max: '9' }), {
    'iops-read': 5,
    'iops-read-max': 50,
  });
  for (const none of [null, undefined, {}, { read_iops_sec: '0' }, { read_iops_sec: 'many' }])
    assert.equal(of(none), undefined);
});
