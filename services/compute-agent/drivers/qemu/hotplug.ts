/** Disks and NICs that come and go while the guest runs. Compared with what QEMU has, not with what was once done. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DiskSpec, GuestSpec, NicSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import {
  bytesOf,
  configKey,
  controller,
  controllerKey,
  type DiskParts,
  diskDevice,
  diskParts,
  isLocal,
  keyOf,
  needsController,
  nicDevice,
  nicKey,
  nicParts,
} from './devices.ts';
import { ensureDisk } from './disks.ts';
import { fittingsOf, type Guest, type QemuHost } from './host.ts';
import { type Qmp, type QmpEvent, QmpRefused } from './qmp.ts';
import { ensureTap } from './taps.ts';

/** Takes away first: places and names become free. The record has the spec and its slots already. */
export async function unplugOthers(
  guest: Guest,
  { disks, nics }: GuestSpec,
  qmp: Qmp,
  replaced?: AbortSignal,
): Promise<void> {
  const stay = new Set([
    ...disks.map(({ id }) => diskDevice(keyOf(id))),
    ...nics.map(({ portId }) => nicDevice(nicKey(portId))),
  ]);
  for (const device of await pluggedDevices(qmp)) if (!stay.has(device)) await unplug(guest, qmp, device, replaced);
  await dropNodes(qmp, new Set([...disks.map(({ id }) => keyOf(id)), configKey]));
}

export async function plugMissing(host: QemuHost, guest: Guest, qmp: Qmp): Promise<void> {
  const { spec } = guest.record;
  const plugged = new Set(await pluggedDevices(qmp));
  if (needsController(spec) && !(await children(qmp, '/machine/peripheral')).includes(controllerKey))
    await addDevice(qmp, controller(fittingsOf(host, guest.record)));
  for (const disk of spec.disks) {
    if (plugged.has(diskDevice(keyOf(disk.id)))) await growIfRequested(qmp, disk);
    else await plugDisk(host, guest, qmp, disk);
  }
  for (const nic of spec.nics) if (!plugged.has(nicDevice(nicKey(nic.portId)))) await plugNic(host, guest, qmp, nic);
}

/** Those that follow the spec: named by us, unlike the machine's own. */
const pluggedDevices = async (qmp: Qmp) =>
  (await children(qmp, '/machine/peripheral')).filter((id) => /^(disk|nic)-/.test(id));

const children = async (qmp: Qmp, path: string) =>
  (await qmp.execute<{ name: string; type: string }[]>('qom-list', { path }))
    .filter(({ type }) => type.startsWith('child<'))
    .map(({ name }) => name);

interface Node {
  readonly 'node-name': string;
  readonly image: { readonly 'virtual-size': number };
}
const nodesOf = (qmp: Qmp) => qmp.execute<Node[]>('query-named-block-nodes', { flat: true });

async function plugDisk(host: QemuHost, guest: Guest, qmp: Qmp, disk: DiskSpec): Promise<void> {
  if (isLocal(disk)) await ensureDisk(host, guest.record, disk);
  const parts = diskParts(disk, fittingsOf(host, guest.record));
  await retryThreeTimes(`disk ${disk.id}`, async () => {
    await dropBackEnd(qmp, parts.key);
    await addBackEnd(qmp, parts);
    await addDevice(qmp, parts.device);
  });
}

async function addBackEnd(qmp: Qmp, { secret, nodes }: DiskParts): Promise<void> {
  if (secret) await qmp.execute('object-add', { 'qom-type': 'secret', ...secret });
  for (const node of nodes) await qmp.execute('blockdev-add', node);
}

async function plugNic(host: QemuHost, guest: Guest, qmp: Qmp, nic: NicSpec): Promise<void> {
  const { bridge } = nic;
  if (bridge !== null) await ensureTap({ ...nic, bridge }, guest.record.uid);
  const { netdev, device } = nicParts(nic, fittingsOf(host, guest.record));
  await retryThreeTimes(`port ${nic.portId}`, async () => {
    await qmp.execute('netdev_del', { id: netdev.id }).catch(ifRefused);
    const yesNo = netdev.type === 'tap' ? { script: 'no', downscript: 'no' } : {};
    await qmp.execute('netdev_add', { ...netdev, ...yesNo });
    await addDevice(qmp, device);
  });
}

const addDevice = (qmp: Qmp, device: object) => qmp.execute('device_add', device);

/** A target may need a moment before it lets a new initiator in; a lasting no is told. */
async function retryThreeTimes(what: string, work: () => Promise<void>): Promise<void> {
  for (let left = 2; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof QmpRefused)) throw error;
      if (left === 0)
        throw new Fault(500, 'unexpected', `The guest does not take ${what}.`, {
          details: `QEMU does not take ${what}: ${error.message}`,
        });
      await sleep(1_000);
    }
  }
}

/** How long a guest may take to let go of a device, and when to ask again: QEMU hears a second request after 5 s. */
const unplugWithinMs = 60_000;
const askEveryMs = 6_000;

async function unplug({ record }: Guest, qmp: Qmp, device: string, replaced?: AbortSignal): Promise<void> {
  for (const late = Date.now() + unplugWithinMs; Date.now() < late; ) {
    // virtio says it twice: the part behind the device first, which has no name
    const isGone = ({ event, data }: QmpEvent) => event === 'DEVICE_DELETED' && data?.device === device;
    const gone = qmp.heard(isGone, askEveryMs, replaced);
    await qmp.execute('device_del', { id: device }).catch(ifRefused);
    if ((await gone) || !(await pluggedDevices(qmp)).includes(device))
      return void (await qmp.execute('netdev_del', { id: device.replace(/^nic-/, 'net-') }).catch(ifRefused));
    replaced?.throwIfAborted();
  }
  throw new Fault(
    409,
    'conflict',
    `Guest ${record.id} does not let go of ${device}: its system is not up, or it is in use.`,
  );
}

const ifRefused = (error: unknown) => {
  if (!(error instanceof QmpRefused)) throw error;
};

/** Nodes and secrets of disks that are no longer wanted, also those that a crash left half made. */
async function dropNodes(qmp: Qmp, stay: ReadonlySet<string>): Promise<void> {
  const names = (await nodesOf(qmp)).map((node) => node['node-name']);
  const keys = new Set(names.filter((name) => /-file$/.test(name)).map((name) => name.replace(/(-base)?-file$/, '')));
  for (const key of keys) if (!stay.has(key) && key !== 'snapshot') await dropBackEnd(qmp, key);
}

async function dropBackEnd(qmp: Qmp, key: string): Promise<void> {
  for (const part of ['', '-file', '-base', '-base-file'])
    await qmp.execute('blockdev-del', { 'node-name': key + part }).catch(ifRefused);
  await qmp.execute('object-del', { id: `secret-${key}` }).catch(ifRefused);
}

async function growIfRequested(qmp: Qmp, disk: DiskSpec): Promise<void> {
  const node = (await nodesOf(qmp)).find((each) => each['node-name'] === keyOf(disk.id));
  const size = bytesOf(disk.sizeGb);
  if (!node || size <= node.image['virtual-size']) return;
  await qmp.execute('block_resize', { 'node-name': keyOf(disk.id), size });
}
