import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeDn, normalDn, parseDn } from './dn.ts';

test('equal names have one normal form', () => {
  const same = ['cn=Doe\\, Jane,ou=A,dc=x', 'CN=doe\\2C  Jane , OU=a ,DC=X', 'cn=Doe\\2c Jane;ou=A;dc=x'];
  assert.deepEqual([...new Set(same.map(normalDn))].length, 1);
  assert.equal(normalDn('cn=a+uid=b,dc=x'), normalDn('UID=b+CN=a,dc=x'));
  assert.equal(normalDn('cn=\\c3\\b6z,dc=x'), normalDn('cn=Öz,dc=x'));
  assert.notEqual(normalDn('cn=a,dc=x'), normalDn('cn=a\\,dc=x,dc=x'));
});

test('an escaped value is parsed back', () => {
  for (const value of ['a', 'a,b', 'a+b=c', ' a ', '#a', 'a\\b', '"<>;', 'Zoë', 'a\0b'])
    assert.equal(parseDn(`cn=${escapeDn(value)},dc=x`)?.[0]?.[0]?.value, value, JSON.stringify(value));
});

test('an invalid name is undefined', () => {
  for (const text of ['', 'ann', 'ann,dc=x', '=x']) assert.equal(parseDn(text), undefined, text);
});
