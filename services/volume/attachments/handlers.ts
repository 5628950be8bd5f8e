import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { equal, type Listing, listPage, text } from '../listing/query.ts';
import { isService, scopeOf } from '../listing/scope.ts';
import { isSet } from '../listing/values.ts';
import { complete, connect, disconnect, refuseIfUsed } from './operations.ts';
import { type ReserveInput, reserve } from './reserve.ts';
import { type Attachment, attachmentOf, type Connector, getAttachment, listAttachmentsOf, secretOf } from './store.ts';
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

export const updateAttachment: Handler<Volumes, { attachment: { connector: Connector } }, 'id'> = async (
  service,
  { caller, params, body },
) => {
  const attachment = await getAttachment(service.db, caller, params.id);
  const made = await connect(service, caller, attachment, body.attachment.connector);
  return ok({ attachment: attachmentView(made, secretOf(service.seal)) });
};

export const completeAttachment: Handler<Volumes, unknown, 'id'> = async (service, { caller, params }) => {
  await complete(service, await getAttachment(service.db, caller, params.id));
  return gone();
};

/** CHAP secrets are returned by PUT, and by GET to services only, which look up what they connected. */
const secretsFor = ({ seal }: Volumes, { may }: Pick<Call, 'may'>) =>
  may('volume:attachment_secrets') ? secretOf(seal) : undefined;

export const showAttachment: Handler<Volumes, unknown, 'id'> = async (service, call) => {
  const attachment = await getAttachment(service.db, call.caller, call.params.id);
  return ok({ attachment: attachmentView(attachment, secretsFor(service, call)) });
};

/** Responds with the volume's remaining attachments. */
export const deleteAttachment: Handler<Volumes, unknown, 'id'> = async (service, { caller, params }) => {
  const attachment = await getAttachment(service.db, caller, params.id);
  await refuseIfUsed(service, caller, attachment);
  await disconnect(service, caller, attachment);
  const left = await listAttachmentsOf(service.db, [attachment.volumeId]);
  return ok({ attachments: left.map(attachmentSummary) });
};

export const listing: Listing = {
  table: 'attachments',
  collection: 'attachments',
  what: 'Volume attachment',
  filters: {
    status: text('status'),
    volume_id: equal('volumeId'),
    instance_id: equal('serverId'),
    instance_uuid: equal('serverId'),
    attach_status: equal('status'),
  },
  sortKeys: { created_at: 'createdAt', attach_status: 'status' },
};

/** A service that asks for a server's attachments gets those that a service made: users may name any server in theirs. */
function scopeFor({ caller, query }: Pick<Call, 'caller' | 'query'>) {
  const isOfServer = isSet(query.instance_id ?? query.instance_uuid);
  return { ...scopeOf(caller, query), ...(isOfServer && isService(caller) ? { byService: true } : {}) };
}

type View = (attachment: Attachment, secretOf?: (attachment: Attachment) => string) => unknown;

const list =
  (view: View): Handler<Volumes> =>
  async (service, call) => {
    const { rows, extra } = await listPage(service.db, listing, scopeFor(call), call, attachmentOf);
    const secrets = secretsFor(service, call);
    return ok({ attachments: rows.map((row) => view(row, secrets)), ...extra });
  };
export const listAttachmentSummaries = list(attachmentSummary);
export const listAttachmentDetails = list(attachmentView);
