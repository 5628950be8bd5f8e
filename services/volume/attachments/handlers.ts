import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { isSet, type Listing, pageOf, textFilters } from '../listing/page.ts';
import { isService, listedProject } from '../listing/scope.ts';
import { complete, connect, disconnect, refuseIfUsed } from './operations.ts';
import { type ReserveInput, reserve } from './reserve.ts';
import {
  type Attachment,
  type Connector,
  getAttachment,
  listAttachments,
  listAttachmentsOf,
  secretOf,
} from './store.ts';
import { attachmentSummary, attachmentView } from './view.ts';

type CreateBody = { readonly attachment: ReserveInput & { readonly connector?: Connector | null } };

/** With a connector, the volume is reserved and exported in one request. */
export const createAttachment: Handler<Volumes, CreateBody> = async (service, { caller, body, authorize }) => {
  const { connector, ...input } = body.attachment;
  const reserved = await reserve(service, caller, input, () => authorize('volume:multiattach_bootable_volume'));
  const isConnector = connector && Object.keys(connector).length > 0;
  const made = isConnector ? await connect(service, caller, reserved, connector) : reserved;
  return ok({ attachment: attachmentView(made, secretOf(service.seal)) });
};

export const updateAttachment: Handler<Volumes, { attachment: { connector: Connector } }> = async (
  service,
  { caller, params, body },
) => {
  const attachment = await getAttachment(service.db, caller, params.id ?? '');
  const made = await connect(service, caller, attachment, body.attachment.connector);
  return ok({ attachment: attachmentView(made, secretOf(service.seal)) });
};

export const completeAttachment: Handler<Volumes> = async (service, { caller, params }) => {
  await complete(service, await getAttachment(service.db, caller, params.id ?? ''));
  return gone();
};

/** CHAP secrets are returned by PUT, and by GET to services only, which look up what they connected. */
const secretsFor = ({ seal }: Volumes, { may }: Pick<Call, 'may'>) =>
  may('volume:attachment_secrets') ? secretOf(seal) : undefined;

export const showAttachment: Handler<Volumes> = async (service, call) => {
  const attachment = await getAttachment(service.db, call.caller, call.params.id ?? '');
  return ok({ attachment: attachmentView(attachment, secretsFor(service, call)) });
};

/** Responds with the volume's remaining attachments. */
export const deleteAttachment: Handler<Volumes> = async (service, { caller, params }) => {
  const attachment = await getAttachment(service.db, caller, params.id ?? '');
  await refuseIfUsed(service, caller, attachment);
  await disconnect(service, caller, attachment);
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

/** A service that filters by server sees only attachments that a service created: users may name any server in theirs. */
function filtersOf({ caller, query }: Pick<Call, 'caller' | 'query'>) {
  const [projectId, serverId] = [listedProject(caller, query), query.instance_id ?? query.instance_uuid];
  return {
    ...(projectId === null ? {} : { projectId }),
    ...(isSet(query.volume_id) ? { volumeId: query.volume_id } : {}),
    ...(isSet(serverId) ? { serverId, ...(isService(caller) ? { byService: true } : {}) } : {}),
  };
}

type View = (attachment: Attachment, secretOf?: (attachment: Attachment) => string) => unknown;

const list =
  (view: View): Handler<Volumes> =>
  async (service, call) => {
    const page = pageOf(listing, await listAttachments(service.db, filtersOf(call)), call);
    const secrets = secretsFor(service, call);
    return ok({ attachments: page.rows.map((row) => view(row, secrets)), ...page.beside });
  };
export const listAttachmentSummaries = list(attachmentSummary);
export const listAttachmentDetails = list(attachmentView);
