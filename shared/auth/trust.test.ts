import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mock, test } from 'node:test';
import type { Revocation } from './revocations.ts';
import { type Claims, signToken } from './token.ts';
import { openTrust } from './trust.ts';

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
  const trust = openTrust();
  trust.update({ epoch: 1, keys, revoked });
  return trust;
}

test('a token says who asks, without a question to anybody', async () => {
  const who = await trusting().identify(asked(token()), 'req-1');
  assert.deepEqual([who.userId, who.projectId, who.roles, who.requestId], ['u', 'p', ['member'], 'req-1']);
});

test('a token that is forged, expired, missing or signed by nobody we know is a 401', async () => {
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

test('what is revoked bites at the next request, also for a token that was seen before', async () => {
  const trust = trusting();
  const revocations: Revocation[] = [
    { audit: 'a2', before: now + 1 },
    { chain: 'a1', before: now + 1 },
    { user: 'u', before: now + 1 },
    { user: 'u', project: 'p', before: now + 1 },
  ];
  let epoch = 2;
  for (const revocation of revocations) {
    trust.update({ epoch: epoch++, keys, revoked: [] });
    await trust.identify(asked(token()), 'r');
    trust.update({ epoch: epoch++, keys, revoked: [revocation] });
    await assert.rejects(trust.identify(asked(token()), 'r'), { status: 401 }, JSON.stringify(revocation));
  }
});

test('a revocation leaves later tokens and other people alone', async () => {
  const { identify } = trusting([
    { user: 'u', before: now - 1 },
    { user: 'v', before: now + 1 },
    { user: 'u', project: 'q', before: now + 1 },
  ]);
  await identify(asked(token()), 'r');
});

test('a group that loses a role takes it from those whom another puts in it', async () => {
  const federated = { idp: 'corp', protocol: 'openid', groups: ['g', 'h'] };
  const { identify } = trusting([{ group: 'h', project: 'p', before: now + 1 }]);
  await identify(asked(token()), 'r');
  await assert.rejects(identify(asked(token({ federated })), 'r'), { status: 401 });
  await identify(asked(token({ federated: { ...federated, groups: ['g'] } })), 'r');
});

test('OSSN-0068: a hundred thousand revocations are looked up like ten', async () => {
  const many = (count: number): Revocation[] =>
    Array.from({ length: count }, (_, at) => ({ user: `u${at}`, before: now }));
  const tokens = Array.from({ length: 200 }, (_, at) => token({ sub: `v${at}` }));
  const cost = async (count: number) => {
    const trust = trusting(many(count));
    for (const each of tokens) await trust.read(each); // signatures are checked once
    const before = process.cpuUsage();
    for (let turn = 0; turn < 20; turn += 1) for (const each of tokens) await trust.read(each);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  await cost(10);
  const ratios: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) ratios.push((await cost(100_000)) / (await cost(10)));
  assert.ok(Math.min(...ratios) < 3, `${ratios}`);
});

test('what is newer is added to what is known, and bites those who were let in before', async () => {
  const trust = trusting([{ audit: 'gone', before: now }]);
  const [ann, bob, carl] = [token({ sub: 'ann' }), token({ sub: 'bob' }), token({ audit: ['gone'] })];
  assert.ok(await trust.read(ann));
  assert.ok(await trust.read(bob));
  assert.equal(trust.since(), 1);
  trust.update({ epoch: 2, since: 1, keys, revoked: [{ user: 'ann', before: now }] });
  await assert.rejects(trust.read(ann), { status: 401 });
  await assert.rejects(trust.read(carl), { status: 401 }, 'what was revoked before stays so');
  assert.ok(await trust.read(bob));
  assert.deepEqual([trust.epoch(), trust.since()], [2, 2]);
});

test('a part that is late, or that follows what is not known, is not taken', async () => {
  const trust = trusting();
  const part = { keys, revoked: [{ user: 'u', before: now }] };
  trust.update({ ...part, epoch: 5, since: 4 });
  assert.equal(trust.epoch(), 1, 'epochs 2 to 4 would be missed');
  trust.update({ epoch: 3, since: 1, keys, revoked: [] });
  trust.update({ ...part, epoch: 2, since: 1 });
  assert.equal(trust.epoch(), 3);
  assert.ok(await trust.read(token()));
});

test('a key that is gone takes its tokens along, also by a part', async () => {
  const trust = trusting();
  assert.ok(await trust.read(token()));
  trust.update({ epoch: 2, since: 1, keys: [], revoked: [] });
  await assert.rejects(trust.read(token()), { status: 401 });
});

test('all is told again once an hour, so that what nobody needs any more is forgotten', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: now * 1000 });
  t.after(() => mock.timers.reset());
  const trust = trusting([{ user: 'u', before: now }]);
  mock.timers.tick(3_600_000);
  assert.equal(trust.since(), -1);
  trust.update({ epoch: 2, keys, revoked: [] });
  assert.equal(trust.since(), 2);
});

test('a token of a real Keystone is asked about once for a while, and what is revoked here bites it too', async () => {
  let asked = 0;
  const trust = openTrust(async (text) => {
    asked += 1;
    return text === 'opaque' ? claims : undefined;
  });
  trust.update({ epoch: 1, keys, revoked: [] });
  for (let turn = 0; turn < 3; turn += 1) assert.equal((await trust.read('opaque')).sub, 'u');
  assert.equal(asked, 1);
  trust.update({ epoch: 2, since: 1, keys, revoked: [{ user: 'u', before: now + 1 }] });
  await assert.rejects(trust.read('opaque'), { status: 401 });
});
