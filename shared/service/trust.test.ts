import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { type Claims, signToken } from '#shared/auth/token.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import type { Reply } from '#shared/clients/http.ts';
import type { Session } from '#shared/clients/session.ts';
import { silentLog } from '#shared/log/log.ts';
import { watchTrust } from './trust.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const published = { epoch: 1, keys: [{ kid: 'k1', jwk: pair.publicKey.export({ format: 'jwk' }) }], revoked: [] };
const claims: Claims = {
  sub: 'u',
  name: 'ann',
  domain: 'default',
  project: null,
  domainScope: null,
  system: false,
  roles: [],
  methods: ['password'],
  audit: ['a'],
  iat: Date.now() / 1000,
  exp: Date.now() / 1000 + 60,
};
const token = signToken(claims, 'k1', pair.privateKey);

test('who asks before the first look at identity waits for it', async (t) => {
  const answer = Promise.withResolvers<Reply>();
  const session = { raw: () => answer.promise } as unknown as Session;
  const trust = watchTrust({ session, bus: memoryBus(), log: silentLog() });
  t.after(trust.close);
  const asked = trust.identify((name) => (name === 'x-auth-token' ? token : undefined), 'req-1');
  answer.resolve({
    status: 200,
    headers: {},
    stream: Readable.from([Buffer.from(JSON.stringify(published))]),
  } as unknown as Reply);
  assert.equal((await asked).userId, 'u');
});
