/** Request headers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openIdentity } from '../../fakes/identity.ts';
import { appCredential } from './delegated.ts';

test('OSSA-2026-001: identity headers of a request are ignored', async (t) => {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  const headers = {
    'x-roles': 'admin',
    'x-user-id': 'x',
    'x-is-admin-project': 'True',
    'x-system-scope': 'all',
    'x-service-roles': 'service',
    x_roles: 'admin',
    'X-ROLES': 'admin',
    'x-identity-status': 'Confirmed',
    'x-project-id': 'x',
    'openstack.roles': 'admin',
  };
  assert.equal((await world.ask('GET', '/users', { headers })).status, 401);
  assert.equal((await world.ask('GET', '/users', { token: ann.token, headers })).status, 403);
});

test('FIX-KM-SVCTOKEN: the token of a user is no service token', async (t) => {
  const world = await openIdentity(t);
  const { ann, token } = await appCredential(world, {
    access_rules: [{ service: 'identity', method: 'GET', path: '/v3/auth/projects' }],
  });
  const headers = { 'x-service-token': ann.token };
  assert.equal((await world.ask('GET', '/auth/domains', { token, headers })).status, 401);
});
