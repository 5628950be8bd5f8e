/** Settings, secrets and log of the service. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openSession } from '#shared/clients/session.ts';
import { BadSettings, settingsOf } from '#shared/config/settings.ts';
import { openLog } from '#shared/log/log.ts';
import { options } from '../../../deploy/command.ts';
import { section } from '../../../services/identity/config.ts';
import { policy } from '../../../services/identity/policy.ts';
import { routes } from '../../../services/identity/routes.ts';
import { openIdentity } from '../../fakes/identity.ts';

const sources = readdirSync('services/identity', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(`services/identity/${name}`, 'utf8'))
  .join('\n');

test('OSSA-2014-030, OSSA-2015-007: a flag is true or false, any other value stops the start', () => {
  const read = (allowRescope: unknown) => settingsOf({ identity: { allowRescope } }).read('identity', section);
  for (const yes of [true, 'true']) assert.equal(read(yes).allowRescope, true);
  for (const no of [false, 'false']) assert.equal(read(no).allowRescope, false);
  for (const odd of ['False', 'no', '0', 0, '', 'insecure']) assert.throws(() => read(odd), BadSettings);
});

test('OSSA-2015-008: a start logs no secret of its settings', async (t) => {
  const lines: string[] = [];
  const log = openLog({}, (line) => lines.push(line));
  const { home } = await openIdentity(t, { federationSecret: 'canary-secret' }, { log });
  const keys = readFileSync(`${home}/secrets/credential-keys`, 'utf8').split(/\s/).filter(Boolean);
  for (const secret of ['canary-secret', 'admin-password', 'nova-password', ...keys])
    assert.ok(!lines.join('').includes(secret));
});

test('OSSA-2013-013: no command takes a secret as an argument or option', () => {
  for (const name of Object.keys(options)) assert.ok(!/(password|secret|token|key)(?!-file)/.test(name), name);
  const commands = ['deploy/cli.ts', ...readdirSync('deploy/commands').map((name) => `deploy/commands/${name}`)];
  for (const file of commands)
    assert.ok(!/--(\w*-)?(password|secret|token|key)\b(?!-file)/.test(readFileSync(file, 'utf8')), file);
});

test('OSSN-0023: no route takes a token in its path or its query', () => {
  const odd = routes.filter(({ path }) => /:(token|authToken|subject)\b/i.test(path));
  assert.deepEqual(odd, []);
  assert.ok(!/query\.(token|auth|access_token)\b/.test(sources));
});

test('OSSN-0024: a failed login of a service is logged without its password', async () => {
  const password = async () => 'canary-password';
  const session = openSession({ identityUrl: 'http://127.0.0.1:1/v3', user: 'nova', password, region: 'RegionOne' });
  const error = await session.token().catch((cause: unknown) => cause);
  const lines: string[] = [];
  openLog({}, (line) => lines.push(line)).error({ error }, 'no login');
  assert.match(lines.join(''), /ECONNREFUSED/);
  assert.ok(!lines.join('').includes('canary-password'));
});

test('OSSN-0083: every rule that is checked is defined', () => {
  const asked = [...sources.matchAll(/'(identity:\w+)'/g)].map(([, name]) => name ?? '');
  assert.ok(asked.length > 50, `${asked.length}`);
  assert.deepEqual(
    asked.filter((name) => !(name in policy.rules)),
    [],
  );
});
