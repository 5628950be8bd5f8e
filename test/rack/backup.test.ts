/** The first node of a rack is backed up, loses its directory, and is restored. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, startCloud, storage } from './cloud.ts';
import { canSimulate, type LabHost, ok, openLab } from './lab.ts';

test('a management node whose disk is lost comes back from a backup, with its nodes, and holds until it is accepted', {
  skip: canSimulate,
}, async (t) => {
  const lab = await openLab(t, [
    { name: 'mgmt1', networks: ['mgmt', 'stor', 'tun', 'ext'] },
    { name: 'stor1', networks: ['mgmt', 'stor'] },
  ]);
  const [mgmt1, stor1] = lab.hosts as [LabHost, LabHost];
  const cloud = await startCloud(lab, mgmt1, [{ host: stor1, role: 'storage', options: storage(stor1) }]);
  const stor1IsUp = async () => /^stor1 .* up {2}/m.test((await cloud.node('list')).stdout);
  await eventually('stor1 is up', stor1IsUp);
  const answers = async () => (await cloud.openstack('volume', 'service', 'list', '-f', 'value')).includes('stor1');
  await eventually('the APIs answer, with the settings that a join changes', answers);
  const volume = async (name: string) => {
    await cloud.openstack('volume', 'create', '--size', '1', name);
    const status = () => cloud.openstack('volume', 'show', name, '-f', 'value', '-c', 'status');
    await eventually(`${name} is available`, async () => (await status()) === 'available');
    return cloud.openstack('volume', 'show', name, '-f', 'value', '-c', 'id');
  };
  const before = await volume('before');
  const passphrase = join(lab.folder, 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  const common = ['--passphrase-file', passphrase];
  const file = ok(await mgmt1.wattle('backup', join(lab.folder, 'backups'), ...common)).trim();
  const after = await volume('after');
  const authority = readFileSync(join(mgmt1.path, 'tls/ca.crt'), 'utf8');
  ok(await mgmt1.wattle('stop'));
  rmSync(mgmt1.path, { recursive: true });

  ok(await mgmt1.wattle('restore', file, ...common));
  assert.equal(readFileSync(join(mgmt1.path, 'tls/ca.crt'), 'utf8'), authority);
  ok(await mgmt1.wattle('start'));
  await eventually('stor1 is up', stor1IsUp);
  await eventually('the restored APIs answer', answers);
  const { stdout, stderr } = await mgmt1.wattle('restore', '--report');
  const [unknown = ''] = stdout.split('In the restored rows');
  assert.ok(unknown.includes(`volume ${after} on stor1`) && !stdout.includes(before), stdout + stderr);
  assert.match(ok(await mgmt1.wattle('restore', '--accept')), /Accepted/);
  await volume('later');
  assert.ok(existsSync(join(stor1.path, 'volume-agent')), 'no volume is removed by a sweep');
});
