/** Ports whose groups are stateless: replies need rules of their own, on a real kernel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, openHost } from './network-agent-host.ts';
import { anyRule, groupOf } from './network-agent-specs.ts';

const skip = await missing();

test('a stateless port sends and receives what its rules allow, and no reply by itself', { skip }, async (t) => {
  const host = await openHost(t);
  const { driver } = host;
  const segment = host.segment(1);
  const open = groupOf(1, [{}]);
  const http = { ...groupOf(2, []), rules: [{ ...anyRule, protocol: 'tcp', portMin: 80, portMax: 80 }] };
  const client = host.port(1, segment, '10.7.0.11', { groupIds: [open.id] });
  const server = host.port(2, segment, '10.7.0.12', { groupIds: [http.id], stateless: true });
  for (const group of [open, http]) await driver.ensureGroup(group);
  for (const port of [client, server]) await driver.ensurePort(port);
  const [one, two] = [await host.guest(client), await host.guest(server)];
  await one.address('10.7.0.11/24');
  await two.address('10.7.0.12/24');
  await two.listens(80);
  await one.listens(80);
  assert.ok(!(await one.reaches('10.7.0.12', 80, 1)), 'the answer to a request that came in needs an egress rule');
  await driver.ensureGroup({ ...http, rules: [...http.rules, { ...anyRule, direction: 'egress' }] });
  assert.ok(await one.reaches('10.7.0.12', 80));
  assert.ok(!(await two.reaches('10.7.0.11', 80, 1)), 'what comes back to another port needs an ingress rule');
  await driver.ensurePort({ ...server, stateless: false });
  assert.ok(await two.reaches('10.7.0.11', 80), 'a stateful port gets its replies');
});
