/** The guest of a server as its rows say it shall be. */
import type { Knex } from 'knex';
import type { DiskSource, DiskWish, GuestWish, NicWish } from '#shared/contracts/compute-agent.ts';
import type { Seal } from '#shared/seal/seal.ts';
import { type Attachment, type Connection, listAttachments } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { type Interface, listInterfaces } from '../interfaces/store.ts';
import type { Server } from '../servers/store.ts';
import { configDriveOf } from './documents.ts';

/** How the guest shall be; all else stands in its rows. */
export interface Want {
  readonly power: GuestWish['power'];
  /** Reboots it once. */
  readonly boot?: GuestWish['boot'];
  readonly adminPass?: string;
}

export async function guestWish({ config, seal }: Compute, db: Knex, server: Server, want: Want): Promise<GuestWish> {
  const attachments = await listAttachments(db, server.id);
  const interfaces = await listInterfaces(db, server.id);
  const { power, boot = { mark: server.bootMark, kind: server.bootKind }, adminPass } = want;
  return {
    id: server.id,
    vcpus: server.vcpus,
    ramMb: server.ramMb,
    power,
    boot,
    graceMs: config.shutdownMs,
    machine: server.machine,
    disks: [...ownDisks(server), ...attachments.filter(isThere).map((each) => diskOf(each, seal))],
    nics: interfaces.flatMap(nicOf),
    configDrive: server.configDrive ? configDriveOf(server, interfaces, attachments, adminPass) : null,
  };
}

const virtio = { bus: 'virtio' } as const;

/** What image and flavor give: root, ephemeral, swap. */
function ownDisks({ id, image, flavor }: Server): DiskWish[] {
  const disks: DiskWish[] = [];
  if (image !== null) {
    const source: DiskSource = { kind: 'image', imageId: image.id, format: image.format };
    const sizeGb = flavor.diskGb || image.sizeGb;
    disks.push({ id: 'root', source, sizeGb, bootIndex: 0, serial: id, ...virtio });
  }
  const blank = (name: string, sizeGb: number): DiskWish => ({
    id: name,
    source: { kind: 'blank' },
    sizeGb,
    bootIndex: null,
    serial: name,
    ...virtio,
  });
  if (flavor.ephemeralGb > 0) disks.push(blank('ephemeral0', flavor.ephemeralGb));
  if (flavor.swapMb > 0) disks.push(blank('swap', flavor.swapMb / 1024));
  return disks;
}

const isThere = ({ state, destination, connection }: Attachment) =>
  state !== 'detaching' && (destination === 'local' || connection !== null);

function diskOf(attachment: Attachment, seal: Seal): DiskWish {
  const { id, place, destination, volumeId, sizeGb, bootIndex, bus, connection } = attachment;
  const base = { sizeGb, bootIndex, bus };
  if (destination === 'local') return { ...base, id: `ephemeral${place + 1}`, serial: id, source: { kind: 'blank' } };
  return { ...base, id: volumeId ?? '', serial: volumeId ?? '', source: iscsiOf(connection as Connection, seal) };
}

function iscsiOf({ data }: Connection, seal: Seal): DiskSource {
  return {
    kind: 'iscsi',
    portal: String(data.target_portal),
    iqn: String(data.target_iqn),
    lun: Number(data.target_lun),
    user: String(data.auth_username ?? ''),
    secret: seal.open(String(data.auth_password ?? '')),
  };
}

function nicOf({ state, portId, port }: Interface): NicWish[] {
  if (port === null || portId === null || state === 'detaching') return [];
  const { mac, mtu, tap, bridge } = port;
  return [{ portId, mac, mtu, tap, bridge }];
}
