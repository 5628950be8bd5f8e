import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostDoorOf } from './host-doors.ts';

test('a port that guests may reach is at the address of the cloud, unless another is said', () => {
  assert.deepEqual(hostDoorOf('8774', '10.0.0.1'), { address: '10.0.0.1', protocol: 'tcp', port: 8774 });
  assert.deepEqual(hostDoorOf('10.0.0.2:5000', ''), { address: '10.0.0.2', protocol: 'tcp', port: 5000 });
  assert.deepEqual(hostDoorOf('[fd00::1]:53/udp', ''), { address: 'fd00::1', protocol: 'udp', port: 53 });
});

test('a typo there stops the start', () => {
  for (const bad of [
    '',
    'all',
    '0',
    '70000',
    '10.0.0:80',
    'host:80',
    '10.0.0.1:',
    '80/sctp',
    '80/tcp/x',
    'fd00::1:80',
    '1 accept',
  ])
    assert.throws(() => hostDoorOf(bad, '10.0.0.1'), /network-agent\.hostDoors/, bad);
});
