/** OAuth 1.0a and 2.0: authorization, use, limits and end. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { baseString } from '../../services/identity/oauth/signature.ts';
import { type IdentityAnswer, many, one, openIdentity } from '../fakes/identity.ts';

interface Key {
  readonly id: string;
  readonly secret: string;
}

/** Signs as oauthlib does: with both secrets and a new nonce. */
function sign(url: string, consumer: Key, token?: Key, verifier?: string): string {
  const header: Record<string, string> = {
    oauth_consumer_key: consumer.id,
    oauth_nonce: randomBytes(8).toString('hex'),
    oauth_signature_method: 'HMAC-SHA1',
    oauth_timestamp: String(Math.floor(Date.now() / 1000)),
    oauth_version: '1.0',
    ...(token ? { oauth_token: token.id } : {}),
    ...(verifier ? { oauth_verifier: verifier } : {}),
  };
  const mac = createHmac('sha1', `${consumer.secret}&${token?.secret ?? ''}`);
  const signature = mac.update(baseString({ method: 'POST', url, header })).digest('base64');
  const pairs = Object.entries({ ...header, oauth_signature: signature });
  return `OAuth ${pairs.map(([name, value]) => `${name}="${encodeURIComponent(value)}"`).join(', ')}`;
}

const told = ({ status, body }: IdentityAnswer): Key => {
  const form = new URLSearchParams(String(body.text));
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return { id: form.get('oauth_token') ?? '', secret: form.get('oauth_token_secret') ?? '' };
};

async function open(t: TestContext) {
  const world = await openIdentity(t);
  const admin = await world.admin();
  const ann = await world.person('ann', ['admin']);
  const consumer: Key = one(
    await world.ask('POST', '/OS-OAUTH1/consumers', { token: admin, body: { consumer: { description: 'a program' } } }),
    'consumer',
  );
  const roles = many(await world.ask('GET', '/roles', { token: admin }), 'roles');
  const roleNamed = (name: string) => roles.find((role) => role.name === name)?.id ?? '';
  const post = (path: string, authorization: string, headers: Record<string, string> = {}) =>
    world.ask('POST', path, {
      headers: { ...headers, authorization, 'content-type': 'application/x-www-form-urlencoded' },
    });
  const request = (key = consumer, projectId = ann.projectId) =>
    post('/OS-OAUTH1/request_token', sign(`${world.url}/v3/OS-OAUTH1/request_token`, key), {
      'requested-project-id': projectId,
    });
  const authorize = (id: string, names: readonly string[], token = ann.token) => {
    const body = { roles: names.map((name) => ({ id: roleNamed(name) })) };
    return world.ask('PUT', `/OS-OAUTH1/authorize/${id}`, { token, body });
  };
  const exchange = (token: Key, verifier: string, key = consumer) =>
    post('/OS-OAUTH1/access_token', sign(`${world.url}/v3/OS-OAUTH1/access_token`, key, token, verifier));
  /** All steps. */
  const given = async (...names: readonly string[]): Promise<Key> => {
    const token = told(await request());
    const verifier = String(one(await authorize(token.id, names), 'token').oauth_verifier);
    return told(await exchange(token, verifier));
  };
  const enter = (token: Key, { key = consumer, authorization = '' } = {}) =>
    world.ask('POST', '/auth/tokens', {
      headers: { authorization: authorization || sign(`${world.url}/v3/auth/tokens`, key, token) },
      body: { auth: { identity: { methods: ['oauth1'], oauth1: {} } } },
    });
  const isGood = async (token: string) => (await world.ask('GET', '/auth/projects', { token })).status === 200;
  return { world, admin, ann, consumer, request, authorize, exchange, given, enter, isGood };
}

test('OSSA-2020-005: a consumer acts with the roles that a user has authorized and no others', async (t) => {
  const { ann, consumer, given, enter } = await open(t);
  const access = await given('member');
  const entered = await enter(access);
  assert.equal(entered.status, 201, JSON.stringify(entered.body));
  const token = one(entered, 'token');
  assert.deepEqual(token.methods, ['oauth1']);
  assert.equal(token.user.id, ann.id);
  assert.equal(token.project.id, ann.projectId);
  assert.deepEqual(token['OS-OAUTH1'], { access_token_id: access.id, consumer_id: consumer.id });
  assert.deepEqual(
    token.roles.map(({ name }) => name).toSorted((a, b) => (a < b ? -1 : 1)),
    ['member', 'reader'],
  );
});

test('each step needs a valid signature, the right consumer and the verifier; a request token gives one access token', async (t) => {
  const { world, admin, consumer, request, authorize, exchange } = await open(t);
  assert.equal((await request({ ...consumer, secret: 'guess' })).status, 401);
  assert.equal((await request({ ...consumer, id: 'nobody' })).status, 404);
  assert.equal((await request(consumer, 'nowhere')).status, 404);
  const token = told(await request());
  assert.equal((await exchange(token, 'x'.repeat(8))).status, 401, 'nobody has agreed');
  const verifier = String(one(await authorize(token.id, ['reader']), 'token').oauth_verifier);
  assert.equal((await exchange(token, 'x'.repeat(8))).status, 401);
  assert.equal((await exchange({ ...token, secret: 'guess' }, verifier)).status, 401);
  const other = one(
    await world.ask('POST', '/OS-OAUTH1/consumers', { token: admin, body: { consumer: {} } }),
    'consumer',
  );
  assert.equal((await exchange(token, verifier, other)).status, 401);
  assert.equal((await exchange(token, verifier)).status, 201);
  assert.equal((await exchange(token, verifier)).status, 404, 'it was used');
});

test('a user authorizes only roles that they have, and only with a token that is not delegated', async (t) => {
  const { world, ann, request, authorize, given, enter } = await open(t);
  const token = told(await request());
  const bob = await world.person('bob', ['admin']);
  assert.equal((await authorize(token.id, ['admin'], bob.token)).status, 401, 'none in the project of ann');
  assert.equal((await authorize('nothing', ['reader'])).status, 404);
  const part = (await enter(await given('admin'))).token;
  assert.equal((await authorize(token.id, ['reader'], part)).status, 403);
  assert.equal((await authorize(token.id, ['reader'], ann.token)).status, 200);
});

test('request tokens and access tokens expire', async (t) => {
  const world = await openIdentity(t, { oauthRequestSeconds: 0.001, oauthAccessSeconds: 0.001 });
  const token = await world.admin();
  const consumer: Key = one(
    await world.ask('POST', '/OS-OAUTH1/consumers', { token, body: { consumer: {} } }),
    'consumer',
  );
  const { projectId } = await world.person('ann', ['member']);
  const authorization = sign(`${world.url}/v3/OS-OAUTH1/request_token`, consumer);
  const headers = { authorization, 'requested-project-id': projectId };
  const asked = await world.ask('POST', '/OS-OAUTH1/request_token', { headers });
  assert.match(String(asked.body.text), /oauth_expires_at=/);
  const late = await world.ask('PUT', `/OS-OAUTH1/authorize/${told(asked).id}`, { token, body: { roles: [] } });
  assert.equal(late.status, 401);
  assert.match(one(late, 'error').message, /expired/);
});

test('a replayed request is refused, and so is another consumer', async (t) => {
  const { world, admin, consumer, given, enter } = await open(t);
  const access = await given('reader');
  const authorization = sign(`${world.url}/v3/auth/tokens`, consumer, access);
  assert.equal((await enter(access, { authorization })).status, 201);
  assert.equal((await enter(access, { authorization })).status, 401);
  const key: Key = one(
    await world.ask('POST', '/OS-OAUTH1/consumers', { token: admin, body: { consumer: {} } }),
    'consumer',
  );
  assert.equal((await enter(access, { key })).status, 401);
  assert.equal((await enter({ ...access, secret: 'guess' })).status, 401);
});

test('a token of a consumer cannot be exchanged, widened or delegated', async (t) => {
  const { world, ann, given, enter } = await open(t);
  const { token } = await enter(await given('admin'));
  const identity = { methods: ['token'], token: { id: token } };
  assert.equal((await world.ask('POST', '/auth/tokens', { body: { auth: { identity } } })).status, 403);
  const ask = (method: string, path: string, body?: unknown) => world.ask(method, path, { token, body });
  const credential = { application_credential: { name: 'more' } };
  assert.equal((await ask('POST', `/users/${ann.id}/application_credentials`, credential)).status, 403);
  const trust = { trustor_user_id: ann.id, trustee_user_id: ann.id, impersonation: false };
  assert.equal((await ask('POST', '/OS-TRUST/trusts', { trust })).status, 403);
  assert.equal((await ask('GET', `/users/${ann.id}/OS-OAUTH1/access_tokens`)).status, 403);
  const elsewhere = { credential: { type: 'ec2', blob: '{"access":"a","secret":"s"}', project_id: 'other' } };
  assert.equal((await ask('POST', '/credentials', elsewhere)).status, 403);
});

test('an EC2 key made with such a token has the same limits and ends with it', async (t) => {
  const { world, admin, ann, given, enter } = await open(t);
  const access = await given('reader', 'admin');
  const { token } = await enter(access);
  const key = one(
    await world.ask('POST', `/users/${ann.id}/credentials/OS-EC2`, { token, body: { tenant_id: ann.projectId } }),
    'credential',
  );
  const text = 'GET\n\n\n\n/';
  const signature = createHmac('sha1', key.secret).update(text).digest('base64');
  const credentials = { access: key.access, signature, token: Buffer.from(text).toString('base64url') };
  const byKey = () => world.ask('POST', '/s3tokens', { token: admin, body: { credentials } });
  assert.deepEqual(
    (one(await byKey(), 'token')['OS-OAUTH1'] as { access_token_id: string }).access_token_id,
    access.id,
  );
  await world.ask('DELETE', `/users/${ann.id}/OS-OAUTH1/access_tokens/${access.id}`, { token: admin });
  assert.equal((await byKey()).status, 401);
});

test('a user lists and deletes access tokens: tokens end with the access token, the consumer, the role and the user', async (t) => {
  const { world, admin, ann, consumer, given, enter, isGood } = await open(t);
  const path = `/users/${ann.id}/OS-OAUTH1/access_tokens`;
  const ask = (method: string, more = '') => world.ask(method, path + more, { token: admin });
  const [first, second] = [await given('reader'), await given('reader')];
  const [token, kept] = [(await enter(first)).token, (await enter(second)).token];
  assert.equal(many(await ask('GET'), 'access_tokens').length, 2);
  const shown = one(await ask('GET', `/${first.id}`), 'access_token');
  assert.equal(shown.consumer_id, consumer.id);
  assert.equal(shown.authorizing_user_id, ann.id);
  assert.equal('secret' in shown, false);
  assert.deepEqual(
    many(await ask('GET', `/${first.id}/roles`), 'roles').map(({ name }) => name),
    ['reader'],
  );
  const [role] = many(await ask('GET', `/${first.id}/roles`), 'roles');
  assert.equal(one(await ask('GET', `/${first.id}/roles/${role?.id}`), 'role').name, 'reader');
  assert.equal((await ask('GET', `/${first.id}/roles/nothing`)).status, 404);
  const others = await world.ask('DELETE', `/users/nobody/OS-OAUTH1/access_tokens/${first.id}`, { token: admin });
  assert.equal(others.status, 401);

  assert.equal((await ask('DELETE', `/${first.id}`)).status, 204);
  assert.deepEqual([await isGood(token), await isGood(kept)], [false, true]);
  assert.equal((await enter(first)).status, 401);
  const { events } = (await world.ask('GET', '/OS-REVOKE/events', { token: admin })).body;
  assert.ok(JSON.stringify(events).includes(`"OS-OAUTH1:access_token_id":"${first.id}"`));

  assert.equal((await world.ask('DELETE', `/OS-OAUTH1/consumers/${consumer.id}`, { token: admin })).status, 204);
  assert.equal(await isGood(kept), false);
  assert.equal((await enter(second)).status, 401);
});

test('a consumer loses a role when the user loses it or is deleted', async (t) => {
  const { world, admin, ann, given, enter, isGood } = await open(t);
  const [held, asAdmin] = [await given('reader'), await given('admin')];
  const before = (await enter(held)).token;
  const role = many(await world.ask('GET', '/roles?name=admin', { token: admin }), 'roles')[0];
  await world.ask('DELETE', `/projects/${ann.projectId}/users/${ann.id}/roles/${role?.id}`, { token: admin });
  assert.equal(await isGood(before), false);
  assert.equal((await enter(asAdmin)).status, 401);
  const path = `/users/${ann.id}/OS-OAUTH1/access_tokens`;
  await world.ask('DELETE', `/users/${ann.id}`, { token: admin });
  assert.equal(many(await world.ask('GET', path, { token: admin }), 'access_tokens').length, 0);
});

test('OAuth 2: an application credential gives a bearer token; refusals are those of RFC 6749', async (t) => {
  const { world, ann } = await open(t);
  const made = await world.ask('POST', `/users/${ann.id}/application_credentials`, {
    token: ann.token,
    body: { application_credential: { name: 'program' } },
  });
  const { id, secret } = one(made, 'application_credential');
  const post = async (form: Record<string, string>, basic = '') => {
    const headers: Record<string, string> = basic
      ? { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }
      : {};
    const url = `${world.url}/v3/OS-OAUTH2/token`;
    const answer = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
  };
  const grant = { grant_type: 'client_credentials' };
  const good = await post(grant, `${id}:${secret}`);
  assert.equal(good.status, 200);
  assert.equal(good.body.token_type, 'Bearer');
  const own = await world.ask('GET', '/auth/projects', { token: String(good.body.access_token) });
  assert.deepEqual(
    many(own, 'projects').map((project) => project.id),
    [ann.projectId],
  );
  assert.equal((await post({ ...grant, client_id: id, client_secret: secret })).status, 200);
  const wrong = await post(grant, `${id}:guess`);
  assert.deepEqual([wrong.status, wrong.body.error], [401, 'invalid_client']);
  assert.match(wrong.headers.get('www-authenticate') ?? '', /^Keystone uri=/);
  assert.equal((await post(grant)).body.error, 'invalid_client');
  const none = await post({ client_id: id });
  assert.deepEqual([none.status, none.body.error], [400, 'invalid_request']);
  const password = await post({ grant_type: 'password' }, `${id}:${secret}`);
  assert.deepEqual([password.status, password.body.error], [400, 'unsupported_grant_type']);
  assert.equal((await world.ask('POST', '/OS-OAUTH2/token', { body: {} })).status, 415);
});

test('the APIs of PKI tokens answer as in Keystone: 410, and 403 for the list', async (t) => {
  const world = await openIdentity(t);
  assert.equal((await world.ask('GET', '/OS-SIMPLE-CERT/ca')).status, 410);
  assert.equal((await world.ask('GET', '/OS-SIMPLE-CERT/certificates')).status, 410);
  assert.equal((await world.ask('GET', '/auth/tokens/OS-PKI/revoked')).status, 403);
});
