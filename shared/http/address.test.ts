import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { baseOf, callerAddress, proxiesOf } from './address.ts';

const from = (remoteAddress: string, headers: Record<string, string>) =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage;
const forwarded = {
  host: 'api:1',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'evil, cloud.example',
  'x-forwarded-for': '6.6.6.6, 9.9.9.9',
};

test('forwarded headers count only from trusted proxies', () => {
  const addressing = { publicUrl: '', isProxy: proxiesOf(['10.0.0.0/8', 'fd00::1']) };
  assert.equal(baseOf(from('10.1.2.3', forwarded), addressing), 'https://cloud.example');
  assert.equal(baseOf(from('::ffff:10.1.2.3', forwarded), addressing), 'https://cloud.example');
  assert.equal(baseOf(from('11.1.2.3', forwarded), addressing), 'http://api:1');
  assert.equal(callerAddress(from('fd00::1', forwarded), addressing), '9.9.9.9');
  assert.equal(callerAddress(from('11.1.2.3', forwarded), addressing), '11.1.2.3');
  assert.equal(baseOf(from('11.1.2.3', forwarded), { ...addressing, publicUrl: 'https://own' }), 'https://own');
  assert.throws(() => proxiesOf(['proxy.example']), /is no address/);
});

test('a malformed Host is refused', () => {
  const addressing = { publicUrl: '', isProxy: () => false };
  for (const host of ['a b', 'a/b', 'a"b', '[::1', 'a:b', 'a\r\nb', 'x'.repeat(300)])
    assert.throws(() => baseOf(from('1.1.1.1', { host }), addressing), { status: 400 }, host);
  for (const host of ['a', 'a.b-c_d:80', '[::1]:80', '127.0.0.1'])
    assert.equal(baseOf(from('1.1.1.1', { host }), addressing), `http://${host}`);
});
