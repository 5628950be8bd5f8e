/** Uses every kind of secret, with success, with errors and with a broken database, and searches all output for it. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openLog } from '#shared/log/log.ts';
import { fromBase32, passcodeAt } from '../../services/identity/tokens/by-totp.ts';
import { until } from '../e2e/story/cloud.ts';
import { one, openIdentity, type Person } from '../fakes/identity.ts';

const fresh = (what: string) => `${what}-${randomBytes(12).toString('hex')}`;
/** Letters and digits of base32. */
const seed = randomBytes(24)
  .toString('hex')
  .toUpperCase()
  .replace(/[0189]/g, '2');

async function open(t: TestContext) {
  const lines: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const bus = { ...memoryBus(), publish: async (...event: unknown[]) => void lines.push(JSON.stringify(event)) };
  const log = openLog({}, (line) => lines.push(line));
  const auditFile = join(folder, 'audit.log');
  const federationSecret = fresh('federation');
  const more = { auditFile, federationSecret, lockoutTries: 50, passwordsRemembered: 2, passwordRegex: '^.{6,}$' };
  const world = await openIdentity(t, more, { bus, log });
  const everything = () => `${lines.join('\n')}\n${readFileSync(auditFile, 'utf8')}`;
  return { world, everything, federationSecret };
}
type World = Awaited<ReturnType<typeof open>>;
type Keep = (...secrets: (string | undefined)[]) => void;

const logInAs = async ({ logIn }: World['world'], { id, password, projectId }: Person): Promise<string> =>
  (await logIn({ id, password }, { project: { id: projectId } })).token;

/** Each case runs operations that succeed and fail, and passes secrets to `keep`. */
const cases: readonly ((world: World['world'], ann: Person, keep: Keep) => Promise<void>)[] = [
  async function passwords({ ask, logIn, admin }, ann, keep) {
    const [next, wrong, weak] = [fresh('next'), fresh('wrong'), 'weak!'];
    const change = (from: string, to: string) =>
      ask('POST', `/users/${ann.id}/password`, { body: { user: { original_password: from, password: to } } });
    await change(wrong, next);
    await change(ann.password, weak);
    await change(ann.password, next);
    await ask('PATCH', `/users/${ann.id}`, { token: await admin(), body: { user: { password: ann.password } } });
    await logIn({ id: ann.id, password: wrong });
    keep(next, wrong, weak, (await logIn({ id: ann.id, password: ann.password })).token);
    await ask('POST', '/users', { token: await admin(), body: { user: { name: 1, password: next } } });
  },
  async function tokens({ ask, logIn }, ann, keep) {
    const login = await logIn({ id: ann.id, password: ann.password }, { project: { id: ann.projectId } });
    const identity = { methods: ['token'], token: { id: `${login.token}x` } };
    await ask('POST', '/auth/tokens', { body: { auth: { identity } } });
    await ask('DELETE', '/auth/tokens', { token: login.token, headers: { 'x-subject-token': login.token } });
    await ask('GET', '/users', { token: login.token });
    keep(login.token);
  },
  async function applicationCredentials(world, ann, keep) {
    const { ask } = world;
    const secret = fresh('application');
    const path = `/users/${ann.id}/application_credentials`;
    const make = async (options: object) =>
      ask('POST', path, { token: await logInAs(world, ann), body: { application_credential: options } });
    const made = one(await make({ name: 'a', secret }), 'application_credential');
    const own = one(await make({ name: 'b' }), 'application_credential');
    await make({ name: 'a', secret });
    await make({ name: 5, secret });
    for (const given of [secret, `${secret}x`]) {
      const identity = {
        methods: ['application_credential'],
        application_credential: { id: made.id, secret: given },
      };
      keep((await ask('POST', '/auth/tokens', { body: { auth: { identity } } })).token || undefined);
    }
    keep(secret, own.secret);
  },
  async function credentials(world, ann, keep) {
    const { ask } = world;
    const blob = fresh('blob');
    const post = async (body: unknown) => ask('POST', '/credentials', { token: await logInAs(world, ann), body });
    await post({ credential: { type: 'cert', blob } });
    await post({ credential: { type: 'ec2', blob } });
    await post({ credential: { type: 'cert', blob, user_id: 7 } });
    await post({ credential: { type: 'totp', blob: seed } });
    const passcode = passcodeAt(fromBase32(seed), Math.floor(Date.now() / 30_000));
    for (const given of [passcode, '000000']) {
      const identity = { methods: ['totp'], totp: { user: { id: ann.id, passcode: given } } };
      keep((await ask('POST', '/auth/tokens', { body: { auth: { identity } } })).token || undefined);
    }
    keep(blob, seed, `"${passcode}"`);
  },
  async function ec2(world, ann, keep) {
    const { ask, logIn } = world;
    const made = await ask('POST', `/users/${ann.id}/credentials/OS-EC2`, {
      token: await logInAs(world, ann),
      body: { tenant_id: ann.projectId },
    });
    const { access, secret } = one(made, 'credential');
    const service = { project: { name: 'service', domain: { id: 'default' } } };
    const { token } = await logIn({ name: 'swift', password: 'swift-password' }, service);
    const text = 'GET\n\n\nx\n/b';
    const signature = createHmac('sha1', secret).update(text).digest('base64');
    for (const given of [signature, 'wrong']) {
      const signed = { access, signature: given, token: Buffer.from(text).toString('base64url') };
      await ask('POST', '/s3tokens', { token, body: { credentials: signed } });
    }
    keep(secret, signature, token);
  },
  async function consumers({ ask, admin }, _ann, keep) {
    const token = await admin();
    const made = one(await ask('POST', '/OS-OAUTH1/consumers', { token, body: { consumer: {} } }), 'consumer');
    const authorization = `OAuth oauth_consumer_key="${made.id}", oauth_signature="${made.secret}"`;
    await ask('POST', '/OS-OAUTH1/request_token', { headers: { authorization } });
    keep(made.secret, token);
  },
  async function directories({ ask, admin }, _ann, keep) {
    const [token, password] = [await admin(), fresh('directory')];
    const domain = one(await ask('POST', '/domains', { token, body: { domain: { name: fresh('d') } } }), 'domain');
    const put = (config: unknown) => ask('PUT', `/domains/${domain.id}/config`, { token, body: { config } });
    await put({ identity: { driver: 'ldap' }, ldap: { url: 'ldap://127.0.0.1:1', user: 'cn=x', password } });
    await put({ identity: { driver: 'ldap' }, ldap: { url: 5, password, unknown: password } });
    await ask('GET', `/users?domain_id=${domain.id}`, { token });
    keep(password);
  },
  async function providers({ ask }, _ann, keep) {
    const guess = fresh('guess');
    await ask('GET', '/OS-FEDERATION/identity_providers/x/protocols/y/auth', {
      headers: { 'x-federation-secret': guess },
    });
    keep(guess);
  },
];

test('no secret is in the log, an event, the audit file or an error', async (t) => {
  const { world, everything, federationSecret } = await open(t);
  const secrets = new Set<string>([federationSecret]);
  const keep: Keep = (...some) => {
    for (const each of some) if (each) secrets.add(each);
  };
  const ann = await world.person('ann', ['member']);
  keep(
    ann.password,
    ann.token,
    readFileSync(join(world.home, 'secrets', 'credential-keys'), 'utf8')
      .split(' ')[1]
      ?.trim(),
  );
  for (const runCase of cases) await runCase(world, ann, keep);
  const db = openDatabase(`sqlite:${join(world.home, 'db', 'identity.sqlite')}`);
  t.after(() => db.destroy());
  keep(...(await db('users').whereNotNull('passwordHash').pluck('passwordHash')));
  keep(...(await db('signing_keys').pluck('privatePem')).map((pem: string) => pem.split('\n')[1]));
  const tables = ['users', 'application_credentials', 'credentials'];
  for (const table of tables) {
    await db.raw('ALTER TABLE ?? RENAME TO ??', [table, `${table}_away`]);
    for (const runCase of cases) await runCase(world, ann, keep).catch(() => {}); // fails in the middle
    await db.raw('ALTER TABLE ?? RENAME TO ??', [`${table}_away`, table]);
  }
  const last = await world.ask('POST', '/groups', { token: await world.admin(), body: { group: { name: 'last' } } });
  const { id } = one(last, 'group');
  await until('all is written', async () => everything().split(id).length > 2, 15_000);
  const text = everything();
  assert.ok(
    text.includes('a request failed with an unexpected error') && text.includes('authenticate'),
    'there was something to find',
  );
  assert.ok(secrets.size > 25, `${secrets.size} secrets`);
  const found = [...secrets].filter((secret) => text.includes(secret) || text.includes(secret.slice(-32)));
  assert.deepEqual(found, []);
});
