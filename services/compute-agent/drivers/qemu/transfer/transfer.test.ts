import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { diskSpec, exampleHost, guestSpec } from '../../../../../test/fakes/compute-host.ts';
import { knock } from './door.ts';

const transfer = { id: randomUUID(), transferKey: Buffer.alloc(32, 7).toString('base64url') };
const hashOf = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

async function guestThatIsOff(t: TestContext) {
  const place = await exampleHost(t);
  const host = await place.open();
  const spec = guestSpec({
    power: 'off',
    configDrive: { 'openstack/latest/meta_data.json': '{"admin_pass":"secret"}' },
  });
  await host.ensureGuest(spec);
  return { spec, host, folder: join(place.stateDir, 'guests', spec.id) };
}

test('OSSN-0007, OSSN-0089: a guest that is off moves with its disks and its config drive, over a connection that needs the key', async (t) => {
  const { spec, host, folder } = await guestThatIsOff(t);
  const place = await exampleHost(t);
  const other = await place.open();
  const offer = await host.offerGuest({ id: `${spec.id}/offer`, serverId: spec.id, transfer });
  assert.deepEqual(offer.files.map(({ name }) => name).sort(), ['config.iso', 'root.qcow2']);

  const fetch = { id: `${spec.id}/fetch`, serverId: spec.id, from: offer, guest: spec };
  const wrong = { ...transfer, transferKey: Buffer.alloc(32, 8).toString('base64url') };
  await assert.rejects(other.fetchGuest({ ...fetch, transfer: wrong }));
  await assert.rejects(other.fetchGuest({ ...fetch, transfer: { ...transfer, id: randomUUID() } }));
  const socket = await knock(offer.address, transfer, JSON.stringify({ file: '../guest.json' }));
  assert.equal(await text(socket).catch(() => ''), '');
  const [at = '', port = ''] = offer.address.split(':');
  const plain = connect(Number(port), at);
  plain.write(`${JSON.stringify({ file: 'root.qcow2' })}\n`);
  assert.ok((await text(plain).catch(() => '')).length < 64);

  await other.fetchGuest({ ...fetch, transfer });
  await other.fetchGuest({ ...fetch, transfer });
  const there = join(place.stateDir, 'guests', spec.id);
  for (const name of ['root.qcow2', 'config.iso'])
    assert.equal(await hashOf(join(there, name)), await hashOf(join(folder, name)), name);
  assert.equal((await stat(join(there, 'root.qcow2'))).mode & 0o777, 0o600);
  assert.deepEqual(other.guests(), [{ id: spec.id, power: 'off', reason: null }]);
  const { power } = await other.ensureGuest({ ...spec, power: 'on', ramMb: 96 });
  assert.equal(power, 'on');
  await host.ensureGuest({ ...spec, power: 'off' });
  await assert.rejects(knock(offer.address, transfer, '{}'), /alert|ended|socket|hang|ECONN|no answer/i);
});

test('a guest that runs is not offered, and its disks are not backed up', async (t) => {
  const place = await exampleHost(t);
  const host = await place.open();
  const spec = guestSpec();
  await host.ensureGuest(spec);
  await assert.rejects(host.offerGuest({ id: 'x', serverId: spec.id, transfer }), /is running/);
  const backup = { id: `${spec.id}/backup`, serverId: spec.id, mark: 'm', state: 'kept' } as const;
  await assert.rejects(host.ensureDiskBackup(backup), /is running/);
});

test('a backup of the disks brings back what they were, once', async (t) => {
  const { spec, host, folder } = await guestThatIsOff(t);
  const disk = join(folder, 'root.qcow2');
  const before = await hashOf(disk);
  const backup = { id: `${spec.id}/backup`, serverId: spec.id, mark: randomUUID() };
  await host.ensureDiskBackup({ ...backup, state: 'kept' });
  await host.ensureGuest({ ...spec, disks: [diskSpec({ id: 'root', bootIndex: 0, sizeGb: 2 })] });
  const grown = await hashOf(disk);
  assert.notEqual(grown, before);
  await host.ensureDiskBackup({ ...backup, state: 'kept' });
  await host.ensureDiskBackup({ ...backup, state: 'restored' });
  assert.equal(await hashOf(disk), before);
  await host.ensureDiskBackup({ ...backup, state: 'restored' });
  await host.ensureDiskBackup({ ...backup, state: 'gone' });
  assert.equal(await hashOf(disk), before);
  assert.equal((await host.ensureGuest({ ...spec, power: 'on' })).power, 'on');
});
