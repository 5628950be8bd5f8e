/** Hot plug of disks and NICs. Compares the spec with the devices QEMU has now, not with earlier operations. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type DiskSpec, type GuestSpec, isLocal, type NicSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import {
  configKey,
  controller,
  controllerKey,
  type DiskParts,
  diskDevice,
  diskParts,
  encryptionId,
  gbToBytes,
  keyOf,
  loginId,
  needsController,
  nicDevice,
  nicKey,
  nicParts,
  throttleId,
} from './devices.ts';
import { ensureDisk } from './disks.ts';
import { deviceContextOf, type Guest, type QemuHost } from './host.ts';
import { type Qmp, type QmpEvent, QmpRefused } from './qmp.ts';
import { ensureTap } from './taps.ts';

/** Unplugs first: slots and names become free. The record already has the spec and its slots. */
export async function unplugOthers(
  guest: Guest,
  { disks, nics }: GuestSpec,
  qmp: Qmp,
  replaced?: AbortSignal,
): Promise<void> {
  const keep = new Set([
    ...disks.map(({ id }) => diskDevice(keyOf(id))),
    ...nics.map(({ portId }) => nicDevice(nicKey(portId))),
  ]);
  for (const device of await pluggedDevices(qmp)) if (!keep.has(device)) await unplug(guest, qmp, device, replaced);
  await removeStaleNodes(qmp, new Set([...disks.map(({ id }) => keyOf(id)), configKey]));
}

export async function plugMissing(host: QemuHost, guest: Guest, qmp: Qmp): Promise<void> {
  const { spec } = guest.record;
  const plugged = new Set(await pluggedDevices(qmp));
  if (needsController(spec) && !(await children(qmp, '/machine/peripheral')).includes(controllerKey))
    await addDevice(qmp, controller(deviceContextOf(host, guest.record)));
  for (const disk of spec.disks) {
    if (plugged.has(diskDevice(keyOf(disk.id)))) await growIfRequested(host, guest, qmp, disk);
    else await plugDisk(host, guest, qmp, disk);
  }
  for (const nic of spec.nics) if (!plugged.has(nicDevice(nicKey(nic.portId)))) await plugNic(host, guest, qmp, nic);
}

/** Devices that come from a spec, by the prefix of their id. */
const pluggedDevices = async (qmp: Qmp) =>
  (await children(qmp, '/machine/peripheral')).filter((id) => /^(disk|nic)-/.test(id));

const children = async (qmp: Qmp, path: string) =>
  (await qmp.execute<{ name: string; type: string }[]>('qom-list', { path }))
    .filter(({ type }) => type.startsWith('child<'))
    .map(({ name }) => name);

interface Node {
  readonly 'node-name': string;
  readonly image: {
    readonly 'virtual-size': number;
    readonly 'format-specific'?: { readonly data?: { readonly 'payload-offset'?: number } };
  };
}
const nodesOf = (qmp: Qmp) => qmp.execute<Node[]>('query-named-block-nodes', { flat: true });

async function plugDisk(host: QemuHost, guest: Guest, qmp: Qmp, disk: DiskSpec): Promise<void> {
  if (isLocal(disk)) await ensureDisk(host, guest.record, disk);
  const parts = diskParts(disk, deviceContextOf(host, guest.record));
  await retryThreeTimes(`disk ${disk.id}`, async () => {
    await removeBackEnd(qmp, parts.key);
    await addBackEnd(qmp, parts);
    await addDevice(qmp, parts.device);
  });
}

async function addBackEnd(qmp: Qmp, { secrets, throttle, nodes }: DiskParts): Promise<void> {
  for (const secret of secrets) await qmp.execute('object-add', { 'qom-type': 'secret', ...secret });
  if (throttle) await qmp.execute('object-add', throttle);
  for (const node of nodes) await qmp.execute('blockdev-add', node);
}

async function plugNic(host: QemuHost, guest: Guest, qmp: Qmp, nic: NicSpec): Promise<void> {
  const { bridge } = nic;
  if (bridge !== null) await ensureTap({ ...nic, bridge }, guest.record.uid);
  const { netdev, device } = nicParts(nic, deviceContextOf(host, guest.record));
  await retryThreeTimes(`port ${nic.portId}`, async () => {
    await qmp.execute('netdev_del', { id: netdev.id }).catch(ignoreRefusal);
    const scripts = netdev.type === 'tap' ? { script: 'no', downscript: 'no' } : {};
    await qmp.execute('netdev_add', { ...netdev, ...scripts });
    await addDevice(qmp, device);
  });
}

const addDevice = (qmp: Qmp, device: object) => qmp.execute('device_add', device);

/** An iSCSI target may refuse a new initiator at first; a third refusal is a Fault. */
async function retryThreeTimes(what: string, work: () => Promise<void>): Promise<void> {
  for (let retriesLeft = 2; ; retriesLeft--) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof QmpRefused)) throw error;
      if (retriesLeft === 0)
        throw new Fault(500, 'unexpected', `The guest does not take ${what}.`, {
          details: `QEMU does not take ${what}: ${error.message}`,
        });
      await sleep(1_000);
    }
  }
}

/** How long a guest may take to release a device, and the interval of requests: QEMU ignores a second one within 5 s. */
const unplugWithinMs = 60_000;
const unplugRetryMs = 6_000;

async function unplug({ record }: Guest, qmp: Qmp, device: string, replaced?: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + unplugWithinMs; Date.now() < deadline; ) {
    // virtio sends the event twice, first for the part behind the device, which has no id
    const isGone = ({ event, data }: QmpEvent) => event === 'DEVICE_DELETED' && data?.device === device;
    const deleted = qmp.waitForEvent(isGone, unplugRetryMs, replaced);
    await qmp.execute('device_del', { id: device }).catch(ignoreRefusal);
    if ((await deleted) || !(await pluggedDevices(qmp)).includes(device))
      return void (await qmp.execute('netdev_del', { id: device.replace(/^nic-/, 'net-') }).catch(ignoreRefusal));
    replaced?.throwIfAborted();
  }
  throw new Fault(
    409,
    'conflict',
    `Guest ${record.id} does not release ${device}: its system is not running, or the device is in use.`,
  );
}

const ignoreRefusal = (error: unknown) => {
  if (!(error instanceof QmpRefused)) throw error;
};

/** Removes nodes and secrets of disks that are not in the spec, and partial ones of a crash. */
async function removeStaleNodes(qmp: Qmp, keep: ReadonlySet<string>): Promise<void> {
  const names = (await nodesOf(qmp)).map((node) => node['node-name']);
  const keys = new Set(names.filter(isFileNode).map((name) => name.replace(/(-base|-l\d+)?-file$/, '')));
  for (const key of keys) if (!keep.has(key) && key !== 'snapshot') await removeBackEnd(qmp, key);
}

async function removeBackEnd(qmp: Qmp, key: string): Promise<void> {
  for (const part of ['', '-raw', '-base', '-base-file'])
    await qmp.execute('blockdev-del', { 'node-name': key + part }).catch(ignoreRefusal);
  for (const name of await fileNodes(qmp, key))
    await qmp.execute('blockdev-del', { 'node-name': name }).catch(ignoreRefusal);
  for (const id of [loginId(key), encryptionId(key), throttleId(key)])
    await qmp.execute('object-del', { id }).catch(ignoreRefusal);
}

const isFileNode = (name: string) => /-file$/.test(name);

/** The nodes of a disk's protocol: one, and while its LUN changes two. */
const fileNodes = async (qmp: Qmp, key: string): Promise<string[]> =>
  (await nodesOf(qmp))
    .map((node) => node['node-name'])
    .filter((name) => name === `${key}-file` || (name.startsWith(`${key}-l`) && isFileNode(name)));

/** An iSCSI volume that grew is reached by another LUN: its format node moves there, and the former LUN is closed last. */
async function growIfRequested(host: QemuHost, guest: Guest, qmp: Qmp, disk: DiskSpec): Promise<void> {
  const key = keyOf(disk.id);
  const former = isLocal(disk) ? [] : await moveToNode(qmp, diskParts(disk, deviceContextOf(host, guest.record)));
  const nodes = new Map((await nodesOf(qmp)).map((node) => [node['node-name'], node.image]));
  const now = nodes.get(key)?.['virtual-size'];
  if (now === undefined) return;
  const size = gbToBytes(disk.sizeGb) - headerBytesOf(nodes.get(`${key}-raw`) ?? nodes.get(key));
  if (size > now || former.length > 0) await qmp.execute('block_resize', { 'node-name': key, size });
  for (const name of former) await qmp.execute('blockdev-del', { 'node-name': name });
}

/** The header of an encrypted volume is a part of its size. */
const headerBytesOf = (image?: Node['image']): number => image?.['format-specific']?.data?.['payload-offset'] ?? 0;

/** Returns the nodes that the disk used before. */
async function moveToNode(qmp: Qmp, { key, nodes }: DiskParts): Promise<string[]> {
  const [file, format] = nodes;
  const known = await fileNodes(qmp, key);
  const former = known.filter((name) => name !== file?.['node-name']);
  if (former.length === 0 || !file || !format) return [];
  if (known.length === former.length) await qmp.execute('blockdev-add', file);
  await qmp.execute('blockdev-reopen', { options: [format] });
  return former;
}
