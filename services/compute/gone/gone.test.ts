/** APIs that Nova has removed, or answers for a service that is not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudWithHost, launched } from '../../../test/fakes/compute-cloud.ts';
import { removed } from './routes.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

test('every API that Nova has removed answers 410, and a slash at the end of a list is a 404', async (t) => {
  const { cloud } = await cloudWithHost(t);
  for (const [path, methods] of Object.entries(removed))
    for (const method of methods) {
      const { status } = await cloud.ask(method.toUpperCase(), `/v2.1/${path.replace(/:\w+/g, 'x')}`);
      assert.equal(status, 410, `${method} ${path}`);
    }
  assert.equal((await cloud.ask('GET', '/v2.1/os-volumes/')).status, 404);
  assert.equal((await cloud.ask('GET', '/v2.1/')).status, 200);
});

test('there is no bare metal service: its nodes are not implemented, and gone from 2.36 on', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const path = '/v2.1/os-baremetal-nodes';
  assert.equal((await cloud.ask('GET', path)).status, 501);
  assert.equal((await cloud.ask('POST', path, { body: {} })).status, 400);
  assert.equal((await cloud.ask('GET', path, { version: '2.36' })).status, 404);
});

test('a console that guests have not is refused by name', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  const spice = await cloud.act(id, { 'os-getSPICEConsole': { type: 'spice-html5' } });
  assert.equal(spice.body.badRequest.message, 'Unavailable console type spice-html5.');
  assert.equal((await cloud.act(id, { 'os-getRDPConsole': { type: 'rdp-html5' } })).status, 410);
});
