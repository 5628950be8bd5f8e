import { gone, type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { type Listing, pageOf, textFilters } from '../listing/page.ts';
import { listedProject } from '../listing/scope.ts';
import { complete, connect, disconnect, refuseIfUsed } from './operations.ts';
import { type ReserveWish, reserve } from './reserve.ts';
import { type Attachment, type Connector, findAttachment, listAttachments, listAttachmentsOf } from './store.ts';
import { attachmentSummary, attachmentView } from './view.ts';

type CreateBody = { readonly attachment: ReserveWish & { readonly connector?: Connector | null } };

/** With a connector, reserved and exported in one. */
export const createAttachment: Handler<Volumes, CreateBody> = async (service, { who, body, authorize }) => {
  const { connector, ...wish } = body.attachment;
  const reserved = await reserve(service, who, wish, () => authorize('volume:multiattach_bootable_volume'));
  const isConnector = connector && Object.keys(connector).length > 0;
  const made = isConnector ? await connect(service, who, reserved, connector) : reserved;
  return ok({ attachment: attachmentView(made) });
};

export const updateAttachment: Handler<Volumes, { attachment: { connector: Connector } }> = async (
  service,
  { who, params, body },
) => {
  const attachment = await findAttachment(service.db, who, params.id ?? '');
  return ok({ attachment: attachmentView(await connect(service, who, attachment, body.attachment.connector)) });
};

export const completeAttachment: Handler<Volumes> = async (service, { who, params }) => {
  await complete(service, await findAttachment(service.db, who, params.id ?? ''));
  return gone();
};

export const showAttachment: Handler<Volumes> = async ({ db }, { who, params }) =>
  ok({ attachment: attachmentView(await findAttachment(db, who, params.id ?? '')) });

/** Answers with what is left of the volume's attachments. */
export const deleteAttachment: Handler<Volumes> = async (service, { who, params }) => {
  const attachment = await findAttachment(service.db, who, params.id ?? '');
  await refuseIfUsed(service, who, attachment);
  await disconnect(service, who, attachment);
  const left = await listAttachmentsOf(service.db, [attachment.volumeId]);
  return ok({ attachments: left.map(attachmentSummary) });
};

export const listing: Listing<Attachment> = {
  collection: 'attachments',
  what: 'Volume attachment',
  filters: {
    ...textFilters<Attachment>('status', ({ status }) => status),
    volume_id: ({ volumeId }, value) => volumeId === value,
    instance_id: ({ serverId }, value) => serverId === value,
    instance_uuid: ({ serverId }, value) => serverId === value,
    attach_status: ({ status }, value) => status === value,
  },
  sortKeys: { created_at: ({ createdAt }) => createdAt, attach_status: ({ status }) => status },
};

const list =
  (view: (attachment: Attachment) => unknown): Handler<Volumes> =>
  async ({ db }, call) => {
    const page = pageOf(listing, await listAttachments(db, listedProject(call.who, call.query)), call);
    return ok({ attachments: page.rows.map(view), ...page.beside });
  };
export const listAttachmentSummaries = list(attachmentSummary);
export const listAttachmentDetails = list(attachmentView);
