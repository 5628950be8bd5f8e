/** Volumes of a server whose host is lost: each gets a grant for the new host, and the old host loses its own. */

import type { Run } from '#shared/workflow/workflow.ts';
import { type Attachment, attachmentTable, type Connection } from '../../attachments/store.ts';
import type { Compute } from '../../context.ts';
import { connectionTo, connectVolumeTo, disconnectOthers } from '../volumes.ts';

/** Volume id to its attachment before the move. Saved first: by it a repeated step knows the new ones. */
export type OldAttachments = Readonly<Record<string, string>>;

export async function noteAttachments(
  { db }: Compute,
  { serverId }: { readonly serverId: string },
): Promise<OldAttachments> {
  const rows = await attachmentTable.list(db, serverId);
  return Object.fromEntries(
    rows.flatMap(({ volumeId, attachmentId }) =>
      volumeId === null || attachmentId === null ? [] : [[volumeId, attachmentId]],
    ),
  );
}

/** Afterwards the old host can write to no volume of the server. */
export async function takeVolumes(compute: Compute, serverId: string, host: string, run: Run): Promise<void> {
  const old = run.result<OldAttachments>('note-attachments');
  for (const row of await attachmentTable.list(compute.db, serverId)) {
    if (row.volumeId === null || row.attachmentId === null) continue;
    const attachmentId = await newAttachment(compute, row, row.volumeId, old);
    await run.commit((tx) => attachmentTable.change(tx, row.id, { attachmentId }));
    await connectVolumeTo(compute, { ...row, attachmentId }, host, run);
    await disconnectOthers(compute, { instance: serverId, volume: row.volumeId, keep: attachmentId }, run.signal);
  }
}

async function newAttachment(
  { volumes }: Compute,
  { serverId, cdrom, connection }: Attachment,
  volumeId: string,
  old: OldAttachments,
): Promise<string> {
  const present = await volumes.listAttachments({ instance: serverId, volume: volumeId });
  const found = present.find(({ id }) => id !== old[volumeId]);
  if (found) return found.id;
  const mode = cdrom || connection?.data.access_mode === 'ro' ? 'ro' : 'rw';
  return (await volumes.createAttachment({ instance_uuid: serverId, volume_uuid: volumeId, mode })).id;
}

/** Volume id to the attachment and the connection of the new host. Passwords in it are sealed. */
export type NewConnections = Readonly<
  Record<string, { readonly attachmentId: string; readonly connection: Connection }>
>;

/** Gives the new host an account of its own beside that of the old one; the rows keep the old ones. */
export async function newConnections(
  compute: Compute,
  serverId: string,
  host: string,
  run: Run,
): Promise<NewConnections> {
  const old = run.result<OldAttachments>('note-attachments');
  const made: Record<string, NewConnections[string]> = {};
  for (const row of await attachmentTable.list(compute.db, serverId)) {
    if (row.volumeId === null || row.attachmentId === null) continue;
    const attachmentId = await newAttachment(compute, row, row.volumeId, old);
    made[row.volumeId] = { attachmentId, connection: await connectionTo(compute, { ...row, attachmentId }, host) };
  }
  return made;
}

export async function removeNewAttachments(
  compute: Compute,
  { serverId }: { readonly serverId: string },
  run: Run,
): Promise<void> {
  const old = run.result<OldAttachments>('note-attachments');
  for (const [volume, keep] of Object.entries(old))
    await disconnectOthers(compute, { instance: serverId, volume, keep }, run.signal);
}
