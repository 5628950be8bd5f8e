/** The volumes of a server: attachments of the volume service, identified by server and volume. */
import { setTimeout as sleep } from 'node:timers/promises';
import { silentMs } from '#shared/bus/bus.ts';
import type { AttachmentJson, VolumeJson } from '#shared/clients/volume.ts';
import type { DiskSpec } from '#shared/contracts/compute-agent.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { type Attachment, attachmentTable, type Connection } from '../attachments/store.ts';
import { type Compute, taskAdvanced } from '../context.ts';
import { findHost } from '../hosts/store.ts';
import type { Server } from '../servers/store.ts';

const pollMs = 500;

/** Creates the volume and its attachment if needed, and saves the connection info. */
export async function connectVolume(
  compute: Compute,
  server: Server,
  attachment: Attachment,
  run: Run,
): Promise<Attachment> {
  if (attachment.destination === 'local') return attachment;
  const volumeId = attachment.volumeId ?? (await ensureVolume(compute, server, attachment, run)).id;
  const reserved = await reserve(compute, attachment, volumeId);
  await run.commit((tx) => attachmentTable.change(tx, attachment.id, { volumeId, attachmentId: reserved.id }));
  compute.bus.notify(taskAdvanced);
  const connector = { ...(await connectorOf(compute, server.host ?? '')), mountpoint: attachment.device ?? '/dev/vda' };
  const connection = connectionOf(await compute.volumes.connectAttachment(reserved.id, connector), compute);
  await run.commit((tx) => attachmentTable.change(tx, attachment.id, { connection }));
  return { ...attachment, volumeId, attachmentId: reserved.id, connection };
}

/** Lets another host log in to the volumes of a server, which no guest uses meanwhile, and saves how. */
export async function moveVolumes(compute: Compute, serverId: string, host: string, run: Run): Promise<void> {
  for (const row of await attachmentTable.list(compute.db, serverId)) await connectVolumeTo(compute, row, host, run);
}

/** Connects the attachment of a row to a host, and saves how. */
export async function connectVolumeTo(compute: Compute, row: Attachment, host: string, run: Run): Promise<void> {
  if (row.attachmentId === null) return;
  const connection = await connectionTo(compute, row, host);
  await run.commit((tx) => attachmentTable.change(tx, row.id, { connection }));
}

export async function connectionTo(
  compute: Compute,
  { attachmentId, device }: Attachment,
  host: string,
): Promise<Connection> {
  const connector = { ...(await connectorOf(compute, host)), mountpoint: device ?? '/dev/vda' };
  return connectionOf(await compute.volumes.connectAttachment(attachmentId ?? '', connector), compute);
}

/** Idempotent: there is one attachment per server and volume. */
async function reserve(
  { volumes }: Compute,
  { serverId, cdrom }: Attachment,
  volumeId: string,
): Promise<AttachmentJson> {
  const [found] = await volumes.listAttachments({ instance: serverId, volume: volumeId });
  if (found) return found;
  const { metadata = {} } = await volumes.show(volumeId);
  const mode = cdrom || metadata.readonly === 'True' ? 'ro' : 'rw';
  return volumes.createAttachment({ instance_uuid: serverId, volume_uuid: volumeId, mode });
}

/** All hosts of a cloud use one initiator name; each attachment has its own CHAP account. */
async function connectorOf({ db, cloud }: Compute, name: string) {
  const host = await findHost(db, name);
  return {
    host: name,
    ip: host?.report.address ?? '',
    initiator: `iqn.2026-11.cloud.wattle:${cloud.id}`,
    platform: host?.report.cpu.arch ?? 'x86_64',
    os_type: 'linux',
    multipath: false,
  };
}

/** Accepts `connection_info` flat, as the attachments API returns it, or with a nested `data`. Seals password and key, since it is stored in a row. */
export function connectionOf(
  { id, connection_info: info = {} }: Pick<AttachmentJson, 'id' | 'connection_info'>,
  { seal }: Pick<Compute, 'seal'>,
): Connection {
  const { driver_volume_type: type, data, ...flat } = info;
  if (type !== 'iscsi' && type !== 'rbd')
    throw new Fault(501, 'notImplemented', `Attachment ${id} is of type ${String(type)}, and not iscsi or rbd.`);
  const properties = (data as Record<string, unknown> | undefined) ?? flat;
  if (properties.encrypted === true && typeof properties.encryption_key !== 'string')
    throw new Fault(501, 'notImplemented', `Attachment ${id} is of an encrypted volume, and its key was not given.`);
  const secrets = ['auth_password', 'encryption_key'].flatMap((name) => {
    const secret = properties[name];
    return typeof secret === 'string' ? [[name, seal.seal(secret)]] : [];
  });
  return { driver_volume_type: type, data: { ...properties, ...Object.fromEntries(secrets) } };
}

/** The metadata that identifies a volume created for an attachment. */
const markOf = ({ id, serverId }: Attachment) => ({ attached_by: serverId, attachment: id });

async function ensureVolume(compute: Compute, server: Server, attachment: Attachment, run: Run): Promise<VolumeJson> {
  const { volumes, bus, config } = compute;
  const { source, sourceId, sizeGb, volumeType } = attachment;
  const mark = markOf(attachment);
  const spec = {
    size: sizeGb,
    name: '',
    metadata: mark,
    ...(source === 'image' ? { imageRef: sourceId } : {}),
    ...(source === 'snapshot' ? { snapshot_id: sourceId } : {}),
    ...(volumeType === null ? {} : { volume_type: volumeType }),
  };
  const { projectId } = server;
  let volume = (await volumes.findVolumeByMetadata(projectId, mark)) ?? (await volumes.create(projectId, spec));
  await run.commit((tx) => attachmentTable.change(tx, attachment.id, { volumeId: volume.id, created: true }));
  const begunAt = Date.now();
  while (volume.status !== 'available') {
    if (volume.status.startsWith('error'))
      throw new Fault(500, 'unexpected', `Volume ${volume.id} could not be created: it is in status ${volume.status}.`);
    if (silentMs(bus, begunAt) >= config.volumeMs)
      throw new Fault(504, 'volumeAway', `Volume ${volume.id} was not available within ${config.volumeMs / 1000} s.`);
    await sleep(pollMs, undefined, { signal: run.signal });
    volume = await volumes.show(volume.id);
  }
  return volume;
}

/** Completes the attachment in the volume service. */
export async function completeVolume({ volumes }: Compute, attachment: Attachment): Promise<void> {
  if (attachment.attachmentId !== null) await volumes.completeAttachment(attachment.attachmentId);
}

/** Removes the attachments of this server to this volume, and waits until they are gone. */
export const disconnectVolume = (
  compute: Compute,
  of: { readonly instance: string; readonly volume: string },
  signal: AbortSignal,
): Promise<void> => disconnectOthers(compute, { ...of, keep: null }, signal);

/** The same for all attachments but one. */
export async function disconnectOthers(
  { volumes }: Compute,
  { keep, ...of }: { readonly instance: string; readonly volume: string; readonly keep: string | null },
  signal: AbortSignal,
): Promise<void> {
  const others = async () => (await volumes.listAttachments(of)).filter(({ id }) => id !== keep);
  for (;;) {
    const left = await others();
    if (left.length === 0) return;
    for (const { id, status } of left) if (status !== 'detaching') await volumes.removeAttachment(id);
    if ((await others()).length === 0) return;
    await sleep(pollMs, undefined, { signal });
  }
}

/** Statuses in which the volume service is working on the volume. */
const transientStatuses: readonly string[] = ['creating', 'downloading', 'detaching'];

/** Waits while the volume is transient. A volume whose delete is refused, such as one with snapshots, is kept. */
async function removeVolume(compute: Compute, volumeId: string, run: Run): Promise<void> {
  const { volumes, bus, config } = compute;
  for (const begunAt = Date.now(); ; await sleep(pollMs, undefined, { signal: run.signal })) {
    const refused = await volumes.remove(volumeId).then(() => undefined, onlyFault);
    if (!refused) return;
    const status = await volumes.show(volumeId).then((volume) => volume.status, onlyFault);
    if (typeof status === 'string' && transientStatuses.includes(status) && silentMs(bus, begunAt) < config.volumeMs)
      continue;
    return run.log.warn({ volumeId, status, error: refused }, 'could not delete a volume together with its server');
  }
}

const onlyFault = (error: unknown): Fault => {
  if (!(error instanceof Fault)) throw error;
  return error;
};

/** Detaches all volumes of a server, and deletes those for which `isDeleted` is true. */
export async function disconnectVolumes(
  compute: Compute,
  server: Pick<Server, 'id' | 'projectId'>,
  isDeleted: (attachment: Attachment) => boolean,
  run: Run,
): Promise<void> {
  const { volumes, db } = compute;
  const rows = (await attachmentTable.list(db, server.id)).filter(({ destination }) => destination === 'volume');
  await Promise.all(
    rows.map(async (row) => {
      const volumeId = row.volumeId ?? (await volumes.findVolumeByMetadata(server.projectId, markOf(row)))?.id;
      if (volumeId === undefined) return;
      await disconnectVolume(compute, { instance: server.id, volume: volumeId }, run.signal);
      if (isDeleted(row)) await removeVolume(compute, volumeId, run);
    }),
  );
}

/** The device name that the next disk on the bus gets, after the disks of image and flavor and the attached ones. */
export function nextDevice(
  bus: Attachment['bus'],
  own: readonly Pick<DiskSpec, 'cdrom'>[],
  attached: readonly Attachment[],
): string {
  const prefix = bus === 'scsi' ? '/dev/sd' : '/dev/vd';
  const names = [...'abcdefghijklmnopqrstuvwxyz'].map((letter) => prefix + letter);
  const used = [...names.slice(0, own.filter(({ cdrom }) => !cdrom).length), ...attached.map(({ device }) => device)];
  const free = names.find((name) => !used.includes(name));
  if (free === undefined)
    throw conflict(`The device names of the server are taken, ${prefix}a to ${prefix}z: detach a volume first.`);
  return free;
}
