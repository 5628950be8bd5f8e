/** Only JWTs signed by an ES256 key of the cloud are tokens. */
import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto';
import { test } from 'node:test';
import { type Claims, signToken } from '#shared/auth/token.ts';
import { openTokenKeys } from '#shared/auth/token-keys.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = pair.publicKey.export({ format: 'jwk' });
const now = Date.now() / 1000;
const claims = { sub: 'u', roles: [], methods: [], audit: ['a'], iat: now, exp: now + 60 } as unknown as Claims;
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const withKeys = (keys: readonly { kid: string; jwk: JsonWebKey }[]) => {
  const tokenKeys = openTokenKeys();
  tokenKeys.update({ epoch: 1, keys, revoked: [] });
  return tokenKeys;
};
const read = (token: string) => withKeys([{ kid: 'k', jwk }]).read(token);
const refused = (token: string, what: string) => assert.rejects(read(token), { status: 401 }, what);

/** A token with any header and signature. */
const forged = (header: object, signed: (text: string) => string) => {
  const text = `${base64(header)}.${base64(claims)}`;
  return `${text}.${signed(text)}`;
};

test('DEP-JWT-1: no JWT header makes another algorithm, another key or a missing signature valid', async () => {
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const own = (text: string) =>
    sign('sha256', Buffer.from(text), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  const good = forged({ alg: 'ES256', kid: 'k' }, own);
  assert.equal((await read(good)).sub, 'u');
  const hmac = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  const bad: Record<string, string> = {
    none: forged({ alg: 'none', kid: 'k' }, () => ''),
    'none, spelled otherwise': forged({ alg: 'NoNe', kid: 'k' }, () => ''),
    'the public key as a secret': forged({ alg: 'HS256', kid: 'k' }, hmac(String(pem))),
    'the JWK as a secret': forged({ alg: 'HS256', kid: 'k' }, hmac(JSON.stringify(jwk))),
    RS256: forged({ alg: 'RS256', kid: 'k' }, (text) => sign('sha256', Buffer.from(text), rsa).toString('base64url')),
    'ES384 in name': forged({ alg: 'ES384', kid: 'k' }, own),
    'no kid': forged({ alg: 'ES256' }, own),
    'a kid of nobody': forged({ alg: 'ES256', kid: 'other' }, own),
    'a kid that is a path': forged({ alg: 'ES256', kid: '../../etc/passwd' }, own),
    'a kid that every object has': forged({ alg: 'ES256', kid: '__proto__' }, own),
    'a kid that is no text': forged({ alg: 'ES256', kid: { k: 1 } }, own),
    'DER instead of two numbers': forged({ alg: 'ES256', kid: 'k' }, (text) =>
      sign('sha256', Buffer.from(text), pair.privateKey).toString('base64url'),
    ),
    'a header of its own key': forged({ alg: 'ES256', kid: 'k', jwk: otherJwk }, signedByOther),
    'a header that says where a key is': forged(
      { alg: 'ES256', kid: 'k', jku: 'http://x', x5u: 'http://x' },
      signedByOther,
    ),
    'a header that asks for what nobody knows': forged({ alg: 'ES256', kid: 'k', crit: ['exp'] }, signedByOther),
    'no signature': good.replace(/[^.]*$/, ''),
    'two parts': good.replace(/\.[^.]*$/, ''),
    'four parts': `${good}.x`,
    'an empty text': '',
  };
  for (const [what, token] of Object.entries(bad)) await refused(token, what);
});

const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherJwk = other.publicKey.export({ format: 'jwk' });
const signedByOther = (text: string) =>
  sign('sha256', Buffer.from(text), { key: other.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');

test('DEP-JWT-2: keys of other types verify no token', async () => {
  const kinds = {
    'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    Ed25519: generateKeyPairSync('ed25519'),
  };
  for (const [kind, { publicKey }] of Object.entries(kinds)) {
    const tokenKeys = withKeys([{ kid: 'k', jwk: publicKey.export({ format: 'jwk' }) }]);
    await assert.rejects(tokenKeys.read(signToken(claims, 'k', pair.privateKey)), { status: 401 }, kind);
  }
  assert.equal(createPublicKey({ key: jwk, format: 'jwk' }).asymmetricKeyDetails?.namedCurve, 'prime256v1');
});

test('OSSA-2013-017: a cached token does not validate a similar one', async () => {
  const tokenKeys = withKeys([{ kid: 'k', jwk }]);
  const good = signToken(claims, 'k', pair.privateKey);
  await tokenKeys.read(good);
  const [head = '', , signature = ''] = good.split('.');
  const raised = base64({ ...claims, roles: ['admin'] });
  await assert.rejects(tokenKeys.read(`${head}.${raised}.${signature}`), { status: 401 });
  await assert.rejects(tokenKeys.read(`${good.slice(0, -4)}AAAA`), { status: 401 });
  assert.deepEqual((await tokenKeys.read(good)).roles, []);
});
