/** EC2 keys and signatures. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { one, openIdentity } from '../../fakes/identity.ts';
import { appCredential } from './delegated.ts';
import { ec2World, signedBy } from './signed.ts';
import { rescope, roleNamed } from './world.ts';

test('OSSA-2012-018, OSSA-2013-005: an EC2 key gives what its user has now', async (t) => {
  const { world, ann, key, by } = await ec2World(t);
  const good = await by(signedBy(key));
  assert.equal(good.status, 200);
  assert.equal(one(good, 'token').user.id, ann.id);
  const token = await world.admin();
  const disable = (enabled: boolean) =>
    world.ask('PATCH', `/projects/${ann.projectId}`, { token, body: { project: { enabled } } });
  await disable(false);
  assert.equal((await by(signedBy(key))).status, 401);
  await disable(true);
  await world.ask('PATCH', `/users/${ann.id}`, { token, body: { user: { enabled: false } } });
  assert.equal((await by(signedBy(key))).status, 401);
  await world.ask('PATCH', `/users/${ann.id}`, { token, body: { user: { enabled: true } } });
  await world.ask('DELETE', `/projects/${ann.projectId}/users/${ann.id}/roles/${await roleNamed(world, 'member')}`, {
    token,
  });
  assert.equal((await by(signedBy(key))).status, 401);
});

test('OSSA-2020-003: a signature is valid for 15 minutes', async (t) => {
  const { key, by } = await ec2World(t);
  for (const minutes of [-16, 16])
    assert.equal((await by(signedBy(key, new Date(Date.now() + minutes * 60_000)))).status, 401);
  assert.equal((await by(signedBy({ ...key, secret: 'other' }))).status, 401);
});

test('OSSA-2025-002: only a service may exchange a signature for a token, and S3 gets none', async (t) => {
  const { world, ann, key, by, nova } = await ec2World(t);
  assert.equal((await by(signedBy(key), ann.token)).status, 403);
  assert.equal((await by(signedBy(key), '')).status, 401);
  const text = 'GET\n\n\nMon\n/bucket';
  const signature = createHmac('sha1', key.secret).update(text).digest('base64');
  const body = { credentials: { access: key.access, signature, token: Buffer.from(text).toString('base64url') } };
  const answer = await world.ask('POST', '/s3tokens', { token: nova, body });
  assert.equal(answer.status, 200);
  assert.equal(answer.token, '');
  assert.equal((await world.ask('POST', '/s3tokens', { body })).status, 401);
});

test('FIX-KS-EC2TOKEN-BAN: a token made from an EC2 key is refused by identity', async (t) => {
  const { world, key, by } = await ec2World(t);
  const { token } = await by(signedBy(key));
  assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 401);
  assert.ok((await rescope(world, token, 'unscoped')).status >= 401);
});

test('OSSA-2020-004: owner, project, type and trust of an EC2 key cannot be changed', async (t) => {
  const { world, ann, key } = await ec2World(t);
  const bob = await world.person('bob', ['member']);
  const id = createHash('sha256').update(key.access).digest('hex');
  const blob = JSON.stringify({ access: key.access, secret: key.secret, trust_id: 'x' });
  for (const credential of [{ user_id: bob.id }, { project_id: bob.projectId }, { type: 'totp' }, { blob }])
    assert.equal(
      (await world.ask('PATCH', `/credentials/${id}`, { token: ann.token, body: { credential } })).status,
      403,
    );
});

test('FIX-KS-EC2-READER, OSSA-2026-005: a reader and a restricted application credential cannot create EC2 keys', async (t) => {
  const world = await openIdentity(t);
  const reader = await world.person('rita', ['reader']);
  const body = { tenant_id: reader.projectId };
  assert.equal(
    (await world.ask('POST', `/users/${reader.id}/credentials/OS-EC2`, { token: reader.token, body })).status,
    403,
  );
  const { ann, token } = await appCredential(world, {});
  const tenant = { tenant_id: ann.projectId };
  assert.equal((await world.ask('POST', `/users/${ann.id}/credentials/OS-EC2`, { token, body: tenant })).status, 403);
  const credential = { type: 'totp', blob: 'x', project_id: ann.projectId };
  assert.equal((await world.ask('POST', '/credentials', { token, body: { credential } })).status, 403);
});
