import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { type Claims, signToken } from '#shared/auth/token.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import type { Reply } from '#shared/clients/http.ts';
import type { Session } from '#shared/clients/session.ts';
import { silentLog } from '#shared/log/log.ts';
import { watchTokenKeys } from './token-keys.ts';

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

test('a request before the first token key document waits for it', async (t) => {
  const answer = Promise.withResolvers<Reply>();
  const session = { raw: () => answer.promise } as unknown as Session;
  const tokenKeys = watchTokenKeys({ session, bus: memoryBus(), log: silentLog() });
  t.after(tokenKeys.close);
  const asked = tokenKeys.identify((name) => (name === 'x-auth-token' ? token : undefined), 'req-1');
  answer.resolve({
    status: 200,
    headers: {},
    stream: Readable.from([Buffer.from(JSON.stringify(published))]),
  } as unknown as Reply);
  assert.equal((await asked).userId, 'u');
});

test('an identity of the release before has the token keys at the earlier path', async (t) => {
  const asked: string[] = [];
  const raw: Session['raw'] = async (_type, path) => {
    asked.push(path.replace(/\?.*/, ''));
    const status = path.startsWith('/wattle/trust') ? 200 : 404;
    return { status, headers: {}, stream: Readable.from([Buffer.from(JSON.stringify(published))]) } as unknown as Reply;
  };
  const tokenKeys = watchTokenKeys({ session: { raw } as unknown as Session, bus: memoryBus(), log: silentLog() });
  t.after(tokenKeys.close);
  const { userId } = await tokenKeys.identify((name) => (name === 'x-auth-token' ? token : undefined), 'req-1');
  assert.equal(userId, 'u');
  assert.deepEqual(asked, ['/wattle/token-keys', '/wattle/trust']);
});

test('with a real Keystone each token is validated there: 404 is a 401, and any other error a 503', async (t) => {
  const said: Readonly<Record<string, [number, unknown]>> = {
    good: [200, { token: keystonesToken }],
    bad: [404, {}],
    odd: [401, {}],
  };
  const asked: string[] = [];
  const raw: Session['raw'] = async (_type, path, { headers = {} } = {}) => {
    const subject = headers['x-subject-token'] ?? '';
    if (path === '/auth/tokens') asked.push(subject);
    const [status, body] = said[subject] ?? [404, {}];
    return { status, headers: {}, stream: Readable.from([Buffer.from(JSON.stringify(body))]) } as unknown as Reply;
  };
  const tokenKeys = watchTokenKeys({ session: { raw } as unknown as Session, bus: memoryBus(), log: silentLog() });
  t.after(tokenKeys.close);
  const holderOf = (text: string) =>
    tokenKeys.identify((name) => (name === 'x-auth-token' ? text : undefined), 'req-1');
  const all = await Promise.all([holderOf('good'), holderOf('good'), holderOf('good')]);
  assert.deepEqual(
    all.map(({ userId, roles }) => [userId, ...roles]),
    Array(3).fill(['u', 'reader']),
  );
  await assert.rejects(holderOf('bad'), { status: 401 });
  await assert.rejects(holderOf('odd'), { status: 503 });
  assert.deepEqual(asked, ['good', 'bad', 'odd']);
});

const keystonesToken = {
  user: { id: 'u', name: 'ann', domain: { id: 'default' } },
  roles: [{ name: 'reader' }],
  methods: ['password'],
  audit_ids: ['a'],
  issued_at: new Date().toISOString(),
  expires_at: new Date(Date.now() + 60_000).toISOString(),
};
