/** The shortest rack: two hosts become nodes, and a copy of one does not start. The rest is in test/rack. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, startCloud, storage } from '../rack/cloud.ts';
import { canSimulate, type LabHost, ok, openLab } from '../rack/lab.ts';

test('a host joins over the network; a copy of its disk in another host does not start', {
  skip: canSimulate,
}, async (t) => {
  const networks = ['mgmt', 'stor'] as const;
  const names = ['mgmt1', 'stor1', 'copy'];
  const lab = await openLab(
    t,
    names.map((name) => ({ name, networks })),
  );
  const [mgmt1, stor1, copy] = names.map(lab.host) as [LabHost, LabHost, LabHost];
  const { node } = await startCloud(lab, mgmt1, [{ host: stor1, role: 'object', options: storage(stor1) }]);
  await eventually('both nodes are up', async () => {
    const { stdout } = await node('list');
    return ['mgmt1', 'stor1'].every((name) => new RegExp(`^${name} .* up  `, 'm').test(stdout));
  });
  assert.match(ok(await stor1.wattle('status')), /object-agent +process \d+/);
  cpSync(stor1.path, join(copy.path), { recursive: true });
  const { code, stderr } = await copy.wattle('start');
  assert.equal(code, 1);
  assert.match(stderr, /this host does not have the address 10\.88\.0\.12 of node stor1: is this a copy of its disk/);
});
