import type { Query } from '#shared/db/page.ts';
import { type Call, type Handler, noContent, ok, type Route } from '#shared/http/route.ts';
import type { Finding } from '#shared/resource/actions.ts';
import type { Volumes } from '../context.ts';
import { listPage, type Scope } from '../listing/query.ts';
import { isService, listedBy, permitted } from '../listing/scope.ts';
import { isSet } from '../listing/values.ts';
import { complete, connect, disconnect, refuseIfUsed } from './operations.ts';
import { type ReserveInput, reserve } from './reserve.ts';
import { type Attachment, attachmentRows, type Connector, attachment as resource } from './resource.ts';
import { getAttachment, type Secrets, secretsOf } from './store.ts';
import { attachmentSummary, attachmentView } from './view.ts';

type CreateBody = { readonly attachment: ReserveInput & { readonly connector?: Connector | null } };

const find = async ({ db }: Volumes, call: Finding) =>
  permitted(call, await getAttachment(db, call.caller, call.params.id));

/** With a connector, the volume is reserved and exported in one request. */
const createAttachment: Handler<Volumes, CreateBody> = async (service, call) => {
  const { caller, body, authorize } = call;
  const { connector, ...input } = body.attachment;
  const reserved = await reserve(service, caller, input, () => authorize('volume:multiattach_bootable_volume'));
  const isConnector = connector && Object.keys(connector).length > 0;
  const made = isConnector ? await connect(service, caller, reserved, connector) : reserved;
  return ok({ attachment: attachmentView(made, await secretsOf(service, call, [made])) });
};

const updateAttachment: Handler<Volumes, { attachment: { connector: Connector } }, 'id'> = async (service, call) => {
  const made = await connect(service, call.caller, await find(service, call), call.body.attachment.connector);
  return ok({ attachment: attachmentView(made, await secretsOf(service, call, [made])) });
};

const completeAttachment: Handler<Volumes, unknown, 'id'> = async (service, call) => {
  await complete(service, await find(service, call));
  return noContent();
};

/** CHAP secrets are returned by PUT, and by GET to services only, which look up what they connected. */
const secretsFor = async (service: Volumes, call: Pick<Call, 'may'>, rows: readonly Attachment[]) =>
  call.may('volume:attachment_secrets') ? secretsOf(service, call, rows) : undefined;

const showAttachment: Handler<Volumes, unknown, 'id'> = async (service, call) => {
  const attachment = await find(service, call);
  return ok({ attachment: attachmentView(attachment, await secretsFor(service, call, [attachment])) });
};

/** Responds with the volume's remaining attachments. */
const deleteAttachment: Handler<Volumes, unknown, 'id'> = async (service, call) => {
  const attachment = await find(service, call);
  await refuseIfUsed(service, call.caller, attachment);
  await disconnect(service, call.caller, attachment);
  const left = await attachmentRows.list(service.db, { volumeId: attachment.volumeId });
  return ok({ attachments: left.map(attachmentSummary) });
};

/** A service that asks for a server's attachments gets those that a service made: users may name any server in theirs. */
function listed({ caller, query }: Pick<Call, 'caller' | 'query'>): Scope {
  const scope = listedBy({ caller, query }, 'volume:get_all');
  const isOfServer = isSet(query.instance_id ?? query.instance_uuid);
  if (!isOfServer || !isService(caller)) return scope;
  const visible = (rows: Query) => {
    scope.visible(rows);
    rows.where({ byService: true });
  };
  return { visible };
}

type View = (attachment: Attachment, secrets?: Secrets) => unknown;

const list =
  (view: View): Handler<Volumes> =>
  async (service, call) => {
    const { rows, extra } = await listPage(service.db, resource, listed(call), call);
    const secrets = await secretsFor(service, call, rows);
    return ok({ attachments: rows.map((row) => view(row, secrets)), ...extra });
  };

const since = '3.27';
const path = '/attachments';
const one = `${path}/:id`;

export const attachmentRoutes: Route<Volumes>[] = [
  { method: 'get', path: `${path}/detail`, handler: list(attachmentView), rule: 'volume:get_all', since },
  { method: 'get', path, handler: list(attachmentSummary), rule: 'volume:get_all', since },
  { method: 'post', path, handler: createAttachment, rule: 'volume:attachment_create', since },
  { method: 'get', path: one, handler: showAttachment, rule: 'volume:get', since },
  { method: 'put', path: one, handler: updateAttachment, rule: 'volume:attachment_update', since },
  { method: 'delete', path: one, handler: deleteAttachment, rule: 'volume:attachment_delete', since },
  {
    method: 'post',
    path: `${one}/action`,
    handler: completeAttachment,
    rule: 'volume:attachment_complete',
    action: 'os-complete',
    since: '3.44',
  },
];
