import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { steadyClock } from '../../test/fakes/steady-clock.ts';
import type { Revocation } from './revocations.ts';
import { type Claims, signToken } from './token.ts';
import { openTokenKeys } from './token-keys.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys = [{ kid: 'k1', jwk: pair.publicKey.export({ format: 'jwk' }) }];
const now = Date.now() / 1000;
const claims: Claims = {
  sub: 'u',
  name: 'ann',
  domain: 'default',
  project: { id: 'p', name: 'blue', domain: 'default' },
  domainScope: null,
  system: false,
  roles: ['member'],
  methods: ['password'],
  audit: ['a2', 'a1'],
  iat: now,
  exp: now + 60,
};
const token = (more: Partial<Claims> = {}) => signToken({ ...claims, ...more }, 'k1', pair.privateKey);
const asked = (text: string) => (name: string) => (name === 'x-auth-token' ? text : undefined);

function trusting(revoked: Revocation[] = []) {
  const tokenKeys = openTokenKeys();
  tokenKeys.update({ epoch: 1, keys, revoked });
  return tokenKeys;
}

test('a token is validated without a request to identity', async () => {
  const caller = await trusting().identify(asked(token()), 'req-1');
  assert.deepEqual([caller.userId, caller.projectId, caller.roles, caller.requestId], ['u', 'p', ['member'], 'req-1']);
});

test('a token that is forged, expired, missing or signed by an unknown key is a 401', async () => {
  const { identify } = trusting();
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const none = `${Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')}.${token().split('.')[1]}.`;
  const bad = [
    signToken(claims, 'k1', other),
    signToken(claims, 'k2', pair.privateKey),
    token({ exp: now - 1 }),
    none,
    'x',
    '',
  ];
  for (const text of bad) await assert.rejects(identify(asked(text), 'r'), { status: 401 });
});

test('a revocation counts from the next request, also for a token that was used before', async () => {
  const tokenKeys = trusting();
  const revocations: Revocation[] = [
    { audit: 'a2', before: now + 1 },
    { chain: 'a1', before: now + 1 },
    { user: 'u', before: now + 1 },
    { user: 'u', project: 'p', before: now + 1 },
  ];
  let epoch = 2;
  for (const revocation of revocations) {
    tokenKeys.update({ epoch: epoch++, keys, revoked: [] });
    await tokenKeys.identify(asked(token()), 'r');
    tokenKeys.update({ epoch: epoch++, keys, revoked: [revocation] });
    await assert.rejects(tokenKeys.identify(asked(token()), 'r'), { status: 401 }, JSON.stringify(revocation));
  }
});

test('a revocation affects neither later tokens nor other users', async () => {
  const { identify } = trusting([
    { user: 'u', before: now - 1 },
    { user: 'v', before: now + 1 },
    { user: 'u', project: 'q', before: now + 1 },
  ]);
  await identify(asked(token()), 'r');
});

test('a revocation of a group counts for federated users in it', async () => {
  const federated = { idp: 'corp', protocol: 'openid', groups: ['g', 'h'] };
  const { identify } = trusting([{ group: 'h', project: 'p', before: now + 1 }]);
  await identify(asked(token()), 'r');
  await assert.rejects(identify(asked(token({ federated })), 'r'), { status: 401 });
  await identify(asked(token({ federated: { ...federated, groups: ['g'] } })), 'r');
});

test('OSSN-0068: a check against a hundred thousand revocations costs as much as one against ten', async () => {
  const many = (count: number): Revocation[] =>
    Array.from({ length: count }, (_, at) => ({ user: `u${at}`, before: now }));
  const tokens = Array.from({ length: 200 }, (_, at) => token({ sub: `v${at}` }));
  const cost = async (count: number) => {
    const tokenKeys = trusting(many(count));
    for (const each of tokens) await tokenKeys.read(each); // signatures are checked once
    const before = process.cpuUsage();
    for (let turn = 0; turn < 20; turn += 1) for (const each of tokens) await tokenKeys.read(each);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  await cost(10);
  const ratios: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) ratios.push((await cost(100_000)) / (await cost(10)));
  assert.ok(Math.min(...ratios) < 3, `${ratios}`);
});

test('a document of changes adds revocations, which count for tokens that were accepted before', async () => {
  const tokenKeys = trusting([{ audit: 'gone', before: now }]);
  const [ann, bob, carl] = [token({ sub: 'ann' }), token({ sub: 'bob' }), token({ audit: ['gone'] })];
  assert.ok(await tokenKeys.read(ann));
  assert.ok(await tokenKeys.read(bob));
  assert.equal(tokenKeys.since(), 1);
  tokenKeys.update({ epoch: 2, since: 1, keys, revoked: [{ user: 'ann', before: now }] });
  await assert.rejects(tokenKeys.read(ann), { status: 401 });
  await assert.rejects(tokenKeys.read(carl), { status: 401 }, 'what was revoked before stays so');
  assert.ok(await tokenKeys.read(bob));
  assert.deepEqual([tokenKeys.epoch(), tokenKeys.since()], [2, 2]);
});

test('a document of changes that is late or follows an unknown epoch is ignored', async () => {
  const tokenKeys = trusting();
  const part = { keys, revoked: [{ user: 'u', before: now }] };
  tokenKeys.update({ ...part, epoch: 5, since: 4 });
  assert.equal(tokenKeys.epoch(), 1, 'epochs 2 to 4 would be missed');
  tokenKeys.update({ epoch: 3, since: 1, keys, revoked: [] });
  tokenKeys.update({ ...part, epoch: 2, since: 1 });
  assert.equal(tokenKeys.epoch(), 3);
  assert.ok(await tokenKeys.read(token()));
});

test('tokens of a key that was removed are refused', async () => {
  const tokenKeys = trusting();
  assert.ok(await tokenKeys.read(token()));
  tokenKeys.update({ epoch: 2, since: 1, keys: [], revoked: [] });
  await assert.rejects(tokenKeys.read(token()), { status: 401 });
});

test('the whole document is fetched once an hour, so that old revocations are dropped', async (t) => {
  const clock = steadyClock(t);
  const tokenKeys = trusting([{ user: 'u', before: now }]);
  clock.tick(3_600_000);
  assert.equal(tokenKeys.since(), -1);
  tokenKeys.update({ epoch: 2, keys, revoked: [] });
  assert.equal(tokenKeys.since(), 2);
});

test('a token of a real Keystone is validated once for a while, and revocations count for it too', async () => {
  let asked = 0;
  const tokenKeys = openTokenKeys(async (text) => {
    asked += 1;
    return text === 'opaque' ? claims : undefined;
  });
  tokenKeys.update({ epoch: 1, keys, revoked: [] });
  for (let turn = 0; turn < 3; turn += 1) assert.equal((await tokenKeys.read('opaque')).sub, 'u');
  assert.equal(asked, 1);
  tokenKeys.update({ epoch: 2, since: 1, keys, revoked: [{ user: 'u', before: now + 1 }] });
  await assert.rejects(tokenKeys.read('opaque'), { status: 401 });
});
