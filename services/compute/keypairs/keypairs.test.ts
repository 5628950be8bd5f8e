import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCloud } from '../../../test/fakes/compute-cloud.ts';
import { fingerprintOf, generateKeys } from './operations.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBjEL5WmnvgTcgqKNrsVsozIoZaTCL5TVzIEgHYIkp2e root@vm\n';
const post = (cloud: Awaited<ReturnType<typeof startCloud>>, keypair: object, version: string) =>
  cloud.ask('POST', '/v2.1/os-keypairs', { version, body: { keypair } });

test('a key has the same fingerprint as in Nova', () => {
  assert.equal(fingerprintOf(publicKey), '91:aa:bd:27:0e:de:7a:01:3a:af:ed:24:bb:82:5a:2c');
});

test('a generated key can be imported', async () => {
  const { publicKey: made, privateKey } = await generateKeys();
  assert.match(fingerprintOf(made), /^[0-9a-f]{2}(:[0-9a-f]{2}){15}$/);
  assert.match(privateKey, /^-----BEGIN RSA PRIVATE KEY-----/);
});

test('created is 200 before 2.2 and 201 after; deleted is 202 and 204', async (t) => {
  const cloud = await startCloud(t);
  const old = await post(cloud, { name: 'a', public_key: publicKey }, '2.1');
  assert.deepEqual([old.status, 'type' in old.body.keypair], [200, false]);
  const modern = await post(cloud, { name: 'b', public_key: publicKey }, '2.2');
  assert.deepEqual([modern.status, modern.body.keypair.type], [201, 'ssh']);
  assert.equal((await cloud.ask('DELETE', '/v2.1/os-keypairs/a', { version: '2.1' })).status, 202);
  assert.equal((await cloud.ask('DELETE', '/v2.1/os-keypairs/b', { version: '2.2' })).status, 204);
  const missing = await cloud.ask('GET', '/v2.1/os-keypairs/b');
  assert.match(missing.body.itemNotFound.message, /^Keypair b not found for user /);
});

test('before 2.92 a missing public key is generated; later it is refused', async (t) => {
  const cloud = await startCloud(t);
  assert.match((await post(cloud, { name: 'a' }, '2.91')).body.keypair.private_key, /PRIVATE KEY/);
  assert.equal((await post(cloud, { name: 'b' }, '2.92')).status, 400);
});

test('duplicate names, invalid keys and keys above the quota are refused', async (t) => {
  const cloud = await startCloud(t, { config: { keyPairs: 1 } });
  assert.equal((await post(cloud, { name: 'a', public_key: 'nonsense' }, '2.2')).status, 400);
  assert.equal((await post(cloud, { name: 'a', public_key: publicKey }, '2.2')).status, 201);
  assert.equal((await post(cloud, { name: 'a', public_key: publicKey }, '2.2')).status, 409);
  const { status, body } = await post(cloud, { name: 'b', public_key: publicKey }, '2.2');
  assert.deepEqual([status, body.forbidden.message], [403, 'Quota exceeded, too many key pairs.']);
});

test('keys are listed in pages by name; a marker that is no key is refused', async (t) => {
  const cloud = await startCloud(t);
  for (const name of ['a', 'b', 'c']) await post(cloud, { name, public_key: publicKey }, '2.35');
  const list = (query: string) => cloud.ask('GET', `/v2.1/os-keypairs?${query}`, { version: '2.35' });
  const namesOf = ({ keypairs }: Awaited<ReturnType<typeof list>>['body']) =>
    keypairs.map(({ keypair }: { keypair: { name: string } }) => keypair.name);
  const first = (await list('limit=2')).body;
  assert.deepEqual(namesOf(first), ['a', 'b']);
  assert.match(first.keypairs_links[0].href, /marker=b/);
  assert.deepEqual(namesOf((await list('limit=2&marker=b')).body), ['c']);
  const missing = await list('marker=nothing');
  assert.deepEqual([missing.status, missing.body.badRequest.message], [400, 'marker [nothing] not found']);
});
