import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostEndpoint } from './host-endpoints.ts';

test('a host endpoint without an address is at the address of the cloud', () => {
  assert.deepEqual(parseHostEndpoint('8774', '10.0.0.1'), { address: '10.0.0.1', protocol: 'tcp', port: 8774 });
  assert.deepEqual(parseHostEndpoint('10.0.0.2:5000', ''), { address: '10.0.0.2', protocol: 'tcp', port: 5000 });
  assert.deepEqual(parseHostEndpoint('[fd00::1]:53/udp', ''), { address: 'fd00::1', protocol: 'udp', port: 53 });
});

test('a malformed host endpoint is refused with the name of the setting', () => {
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
    assert.throws(() => parseHostEndpoint(bad, '10.0.0.1'), /network-agent\.hostEndpoints/, bad);
});
