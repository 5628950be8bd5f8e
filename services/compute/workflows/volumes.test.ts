import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionOf } from './volumes.ts';

const seal = { seal: (text: string) => `sealed:${text}`, open: (text: string) => text };
const encrypted = { driver_volume_type: 'iscsi', auth_password: 'p', encrypted: true };

test('the password and the key of a connection are sealed', () => {
  const { data } = connectionOf({ id: 'a', connection_info: { ...encrypted, encryption_key: 'k' } }, { seal });
  assert.deepEqual([data.auth_password, data.encryption_key], ['sealed:p', 'sealed:k']);
});

test('OSSA-2018-001: an encrypted volume whose key was not given is refused, not attached as it is', () => {
  assert.throws(() => connectionOf({ id: 'a', connection_info: encrypted }, { seal }), /its key was not given/);
});
