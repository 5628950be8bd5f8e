import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuestSpec } from '#shared/contracts/compute-agent.ts';
import { chapSecretOf } from '../../../test/fakes/compute-clients.ts';
import { addVolume, cloudWithHost, until, volumeId } from '../../../test/fakes/compute-cloud.ts';
import { rowsHolding } from '../../../test/fakes/planted.ts';

const adminPass = 'planted-admin-pass';

test('OSSN-0085, OSSA-2014-036: no row of compute holds a password in clear, neither during a build nor after it', async (t) => {
  const held = Promise.withResolvers<void>();
  const specs: GuestSpec[] = [];
  const machine = { type: 'pc-q35-7.2', cpu: 'max', accelerator: 'tcg' } as const;
  const ensureGuest = async (input: GuestSpec) => {
    specs.push(input);
    await held.promise;
    return { id: input.id, power: input.power, machine, devices: {} };
  };
  const { cloud } = await cloudWithHost(t, { ensureGuest });
  addVolume(cloud);
  const disk = { source_type: 'volume', destination_type: 'volume', uuid: volumeId, boot_index: -1 };
  const request = { adminPass, config_drive: true, block_device_mapping_v2: [disk] };
  const { body } = await cloud.launch(request, { version: '2.60' });
  await until(() => specs.length === 1);
  const [attachment] = [...cloud.volumes.attachments.keys()];
  const secrets = [adminPass, chapSecretOf(attachment ?? '')];
  assert.deepEqual(await rowsHolding(cloud.compute.db, secrets), [], 'while the host works');
  assert.deepEqual(await rowsHolding(cloud.compute.db, ['web', body.server.id]).then(({ length }) => length > 2), true);
  held.resolve();
  await cloud.ended(body.server.id);
  await cloud.act(body.server.id, { 'os-stop': null });
  await cloud.ended(body.server.id);
  assert.deepEqual(await rowsHolding(cloud.compute.db, secrets), [], 'when all is done');
  const [first, last] = [specs[0], specs.at(-1)];
  const metadata = JSON.parse(String(first?.configDrive?.['openstack/latest/meta_data.json']));
  assert.equal(metadata.admin_pass, adminPass, 'the guest reads it');
  for (const input of [first, last]) {
    const source = input?.disks.at(-1)?.source;
    assert.equal(source?.kind === 'iscsi' && source.secret, secrets[1], 'and the host logs in');
  }
});
