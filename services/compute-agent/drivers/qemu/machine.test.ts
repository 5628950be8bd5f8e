/** The devices of a guest: each one is attack surface of the host. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { exampleHost, guestSpec } from '../../../../test/fakes/compute-host.ts';
import { qemuTest, recordOf } from '../../../../test/fakes/qemu.ts';
import { Qmp } from './qmp.ts';

/** The devices of q35, and those that Wattle adds. */
const allowed =
  `ICH9-LPC ICH9-SMB VGA fw_cfg_io hpet i8042 i8257 ich9-ahci ioapic isa-i8259 isa-pcspk isa-pit isa-serial kvmvapic
  mc146818rtc mch pcie-root-port port92 ps2-kbd ps2-mouse q35-pcihost scsi-cd smbus-eeprom virtio-blk-device
  virtio-blk-pci virtio-rng-device virtio-rng-pci virtio-scsi-device virtio-scsi-pci vmmouse vmport`.split(/\s+/);

qemuTest('DEP-QEMU-VENOM: a guest has only the listed devices: no floppy, no legacy network, no USB', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec({ configDrive: { 'openstack/latest/meta_data.json': '{}' } });
  await hypervisor.ensureGuest(spec);
  const { uid } = await recordOf(stateDir, spec.id);
  const qmp = await Qmp.connect(join(stateDir, 'guests', spec.id, 'run', 'monitor.sock'), uid);
  const tree = await qmp.execute<string>('human-monitor-command', { 'command-line': 'info qtree' });
  qmp.close();
  const devices = [...tree.matchAll(/dev: ([\w.-]+)/g)].map(([, type = '']) => type);
  assert.ok(devices.includes('virtio-blk-pci'));
  assert.deepEqual(
    [...new Set(devices)].filter((type) => !allowed.includes(type)),
    [],
  );
});
