/** Ports of a floating IP that lead to ports of guests, with real packets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Forwarding } from '../../shared/contracts/network-agent.ts';
import { openFlow } from './network-agent-flow.ts';
import { hostReaches, missing } from './network-agent-host.ts';
import { twoNetworks } from './network-agent-networks.ts';

const skip = await missing();

test('port forwardings lead to the guests they name, from outside and inside, and end with their connections', {
  skip,
}, async (t) => {
  const { host, router, web, db } = await twoNetworks(t);
  const floating = `${host.external}.100`;
  const forwarding = (fixed: string, outside: Forwarding['outside'], inside: Forwarding['inside']): Forwarding => ({
    floatingIpId: 'f',
    protocol: 'tcp',
    floating,
    fixed,
    outside,
    inside,
  });
  const all = [
    forwarding('10.7.0.11', [8080, 8080], [7000, 7000]),
    forwarding('10.7.0.11', [9000, 9009], [7000, 7009]),
    forwarding('10.8.0.21', [6000, 6009], [6000, 6009]),
    forwarding('10.8.0.21', [5000, 5009], [6005, 6005]),
  ];
  for (const port of [7000, 7004]) await web.listens(port);
  await db.listens(6005);
  await db.echoes(6001);
  const { refused } = await host.driver.ensureRouter({ ...router, forwardings: all });
  assert.deepEqual(refused, []);
  assert.ok(await hostReaches(floating, 8080, 10), 'one port');
  assert.ok(await hostReaches(floating, 9004, 10), 'a port of a range that leads to other numbers');
  assert.ok(await hostReaches(floating, 6005, 10), 'a port of a range that leads to the same numbers');
  assert.ok(await hostReaches(floating, 5007, 10), 'a range that leads to one port');
  assert.ok(await db.reaches(floating, 8080), 'from another network of the router');
  assert.ok(await web.reaches(floating, 8080), 'its own');
  assert.ok(!(await hostReaches(floating, 8081)), 'a port that leads nowhere');
  const flow = await openFlow(t, undefined, floating, 6001);
  await host.driver.ensureRouter({ ...router, forwardings: all.slice(1) });
  assert.ok(await flow.isAlive(), 'a connection through another forwarding goes on');
  assert.ok(!(await hostReaches(floating, 8080)));
  await host.driver.ensureRouter(router);
  await flow.ends();
});
