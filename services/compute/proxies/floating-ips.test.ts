import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conflict } from '#shared/errors/fault.ts';
import { fakeNetwork } from '../../../test/fakes/compute-clients.ts';
import { associateFloatingIp } from './floating-ips.ts';

test('a second floating IP of a fixed IP, which is a conflict in the network service, is a bad request', async () => {
  const forward = () => Promise.reject(conflict('that fixed IP already has a floating IP'));
  const network = { ...fakeNetwork(), forward };
  await assert.rejects(associateFloatingIp({ network }, 'token', 'id', { port_id: 'port' }), {
    status: 400,
    message: /already has a floating IP/,
  });
});
