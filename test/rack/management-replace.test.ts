/** The first of three management nodes is lost for good. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './cloud.ts';
import { canSimulate, type LabHost, ok } from './lab.ts';
import { allTogether, eventuallyOk, sql, startThree } from './management.ts';

test('hosts join, and the lost node is replaced, while the first management node is gone for ever', {
  skip: canSimulate,
}, async (t) => {
  const { client, hosts } = await startThree(t);
  const [first, second, third] = hosts as [LabHost, LabHost, LabHost];
  await first.off();
  const token = await eventuallyOk(() => second.wattle('token', 'create', '--role', 'network'));
  const options = ['--role', 'network', '--address', client.address('mgmt'), '--no-start', '--yes'];
  ok(await client.wattleWith(token, 'join', '-', ...options));
  const listed = (await third.wattle('node', 'list')).stdout;
  assert.match(listed, /^client +network/m);
  await eventually('the first node is down', async () =>
    /2 of 3 management nodes up: none may be lost now/.test((await third.wattle('node', 'list')).stdout),
  );
  ok(await second.wattle('node', 'remove', first.name, '--yes'));
  ok(await second.run(['rm', '-rf', first.path]));
  await first.on();
  const place = ok(await second.wattle('token', 'create', '--role', 'management'));
  const again = ['--role', 'management', '--address', first.address('mgmt'), '--yes'];
  ok(await first.wattleWith(place, 'join', '-', ...again));
  await allTogether(hosts);
  assert.match(await sql(second, 'SELECT name FROM wattle_identity.projects'), /^admin$/m);
});
