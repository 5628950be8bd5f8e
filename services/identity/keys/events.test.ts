import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventView } from './events.ts';

test('a revocation of a delegation names it by the key of its kind', () => {
  const keyOf = (by: string) => Object.entries(eventView({ by, before: 1 })).find(([, value]) => value === 'x')?.[0];
  assert.equal(keyOf('trust:x'), 'OS-TRUST:trust_id');
  assert.equal(keyOf('oauth:x'), 'OS-OAUTH1:access_token_id');
  assert.equal(keyOf('app:x'), 'application_credential_id');
});
