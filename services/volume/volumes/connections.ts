/** The older API of connections: without attachments of its own, for clients such as the image service's store. */
import { randomUUID } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { connect, disconnect, refuseIfUsed } from '../attachments/operations.ts';
import { newAttachment } from '../attachments/reserve.ts';
import { type Attachment, attachmentRows, type Connector } from '../attachments/resource.ts';
import { secretsOf } from '../attachments/store.ts';
import { connectionInfo } from '../attachments/view.ts';
import type { Volumes } from '../context.ts';
import { isService } from '../listing/scope.ts';
import { invalidVolume } from './operations.ts';
import type { Volume } from './resource.ts';

interface Acting {
  readonly caller: Caller;
}
interface ConnectInput {
  readonly connector: Connector;
}

/** Grants the host access through an attachment without a server, which is found again by the connector. */
export async function initializeConnection(
  service: Volumes,
  volume: Volume,
  { connector }: ConnectInput,
  call: Acting & Pick<Call, 'may'>,
) {
  const { caller } = call;
  if (!connector.initiator) throw badRequest('Invalid input received: Connector lacks initiator.');
  if (!['available', 'attaching', 'in-use', 'reserved'].includes(volume.status))
    throw invalidVolume(`Volume ${volume.id} cannot be connected while it is ${volume.status}.`);
  const found = await findConnection(service, volume, connector);
  const made = await connect(service, caller, found ?? (await insertConnection(service, caller, volume)), connector);
  const { driver_volume_type, ...data } = connectionInfo(made, await secretsOf(service, call, [made]));
  return { connection_info: { driver_volume_type, data } };
}

const isConnection = ({ serverId, attachedAt }: Attachment) => serverId === null && attachedAt === null;

async function findConnection({ db }: Volumes, { id }: Volume, { initiator, host }: Connector) {
  const all = await attachmentRows.list(db, { volumeId: id });
  return all.find(
    (each) => isConnection(each) && each.connector?.initiator === initiator && each.connector?.host === host,
  );
}

async function insertConnection({ db, seal }: Volumes, caller: Caller, volume: Volume): Promise<Attachment> {
  const mode = volume.readOnly ? 'ro' : 'rw';
  const identity = { id: randomUUID(), serverId: null, mode, byService: isService(caller) } as const;
  const attachment = newAttachment(volume, identity, seal);
  await attachmentRows.insert(db, attachment);
  return attachment;
}

/** Removes the access of the host; nothing when it has none. */
export async function terminateConnection(
  service: Volumes,
  volume: Volume,
  { connector }: ConnectInput,
  { caller }: Acting,
): Promise<void> {
  const found = await findConnection(service, volume, connector);
  if (!found) return;
  await refuseIfUsed(service, caller, found);
  await disconnect(service, caller, found);
}
