import { atLeast } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { accepted, type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { listAttachments } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { hostStatuses } from '../hosts/operations.ts';
import { shortAddress } from './addresses.ts';
import { isTrue, type ServerBody } from './input.ts';
import { launchServers, requireNetworks } from './launch.ts';
import { hostnameOf } from './new-server.ts';
import {
  changeMetadata,
  changePower,
  changeTags,
  checkUnlocked,
  lock,
  rebootHard,
  removeServer,
  resetState,
  snapshot,
  unlock,
} from './operations.ts';
import { changeServer, getServer, type Server } from './store.ts';
import { addressesView, createdView, type ServerViewInput, serverView, updatedView } from './view.ts';

const serverOf = ({ db }: Compute, { caller, params }: Call<unknown, 'id'>) => getServer(db, caller, params.id);

async function viewInput(compute: Compute, { base, may, version }: Call, server: Server): Promise<ServerViewInput> {
  const admin = may('os_compute_api:os-extended-server-attributes');
  const status = admin && atLeast(version, '2.16') ? await hostStatuses(compute) : () => '';
  const volumes = await listAttachments(compute.db, server.id);
  return { server, volumes, admin, base, hostStatus: status(server.host) };
}

interface CreateBody {
  readonly server: ServerBody;
  readonly 'os:scheduler_hints'?: Readonly<Record<string, unknown>>;
  readonly 'OS-SCH-HNT:scheduler_hints'?: Readonly<Record<string, unknown>>;
}

export const createServer: Handler<Compute, CreateBody> = async (compute, call) => {
  const { caller, body, version, base } = call;
  requireNetworks(body.server, version);
  if (caller.projectId === null)
    throw new Fault(403, 'forbidden', 'A server belongs to a project: scope the token to one.');
  const hints = body['os:scheduler_hints'] ?? body['OS-SCH-HNT:scheduler_hints'] ?? {};
  const { servers, adminPass, groupNames, reservationId } = await launchServers(
    compute,
    caller,
    body.server,
    hints,
    call,
  );
  const [first] = servers;
  if (isTrue(body.server.return_reservation_id ?? false) || !first) return accepted({ reservation_id: reservationId });
  const location = `${base}/v2.1/servers/${first.id}`;
  return accepted({ server: createdView(first, base, adminPass, groupNames) }, { location });
};

export const showServer: Handler<Compute> = async (compute, call) =>
  ok({ server: serverView(await viewInput(compute, call, await serverOf(compute, call)), call.version) });

interface UpdateBody {
  readonly server: {
    readonly name?: string;
    readonly description?: string | null;
    readonly hostname?: string;
    readonly accessIPv4?: string | null;
    readonly accessIPv6?: string | null;
    readonly 'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL';
  };
}

export const updateServer: Handler<Compute, UpdateBody> = async (compute, call) => {
  const server = await serverOf(compute, call);
  const { name, description, hostname, accessIPv4, accessIPv6, 'OS-DCF:diskConfig': diskConfig } = call.body.server;
  await changeServer(compute.db, server.id, {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(hostname === undefined ? {} : { hostname: hostname || hostnameOf(server.name, server.id) }),
    ...(accessIPv4 === undefined ? {} : { accessIpv4: accessIPv4 ?? '' }),
    ...(accessIPv6 === undefined ? {} : { accessIpv6: shortAddress(accessIPv6 ?? '') }),
    ...(diskConfig === undefined ? {} : { diskConfig }),
  });
  const input = await viewInput(compute, call, await serverOf(compute, call));
  return ok({ server: updatedView(input, call.version) });
};

/** A locked server refuses its owner, not an administrator. */
const mayOverrideLock = ({ may }: Call) => may('os_compute_api:os-lock-server:unlock:unlock_override');

async function unlockedServer(compute: Compute, call: Call): Promise<Server> {
  const server = await serverOf(compute, call);
  checkUnlocked(server, mayOverrideLock(call));
  return server;
}

export const deleteServer: Handler<Compute> = async (compute, call) => {
  await removeServer(compute, call.caller, await unlockedServer(compute, call));
  return gone();
};

export const forceDeleteServer: Handler<Compute> = async (compute, call) => {
  await removeServer(compute, call.caller, await unlockedServer(compute, call));
  return accepted();
};

const power =
  (verb: 'start' | 'stop' | 'pause' | 'unpause'): Handler<Compute> =>
  async (compute, call) => {
    await changePower(compute, call.caller, await unlockedServer(compute, call), verb);
    return accepted();
  };
export const startServer = power('start');
export const stopServer = power('stop');
export const pauseServer = power('pause');
export const unpauseServer = power('unpause');

export const rebootServer: Handler<Compute, { reboot: { type: string } }> = async (compute, call) => {
  const server = await unlockedServer(compute, call);
  if (call.body.reboot.type.toUpperCase() === 'HARD') await rebootHard(compute, call.caller, server);
  else await changePower(compute, call.caller, server, 'reboot');
  return accepted();
};

interface ImageBody {
  readonly createImage: { readonly name: string; readonly metadata?: Readonly<Record<string, string>> };
}

/** From 2.45 on the id of the image is in the body, before that its URL is in the Location header. */
export const createImage: Handler<Compute, ImageBody> = async (compute, call) => {
  const server = await serverOf(compute, call);
  const imageId = await snapshot(compute, call.caller, server, call.body.createImage);
  if (atLeast(call.version, '2.45')) return accepted({ image_id: imageId });
  return accepted(undefined, { location: `${call.base}/images/${imageId}` });
};

export const resetServerState: Handler<Compute, { 'os-resetState': { state: 'active' | 'error' } }> = async (
  compute,
  call,
) => {
  await resetState(compute, call.caller, await serverOf(compute, call), call.body['os-resetState'].state);
  return accepted();
};

export const lockServer: Handler<Compute, { lock: { locked_reason?: string } | null }> = async (compute, call) => {
  const server = await serverOf(compute, call);
  const by = server.projectId === call.caller.projectId ? 'owner' : 'admin';
  await lock(compute, server, by, call.body.lock?.locked_reason ?? null);
  return accepted();
};

export const unlockServer: Handler<Compute> = async (compute, call) => {
  await unlock(compute, await serverOf(compute, call), mayOverrideLock(call));
  return accepted();
};

export const listAddresses: Handler<Compute> = async (compute, call) =>
  ok({ addresses: addressesView(await serverOf(compute, call)) });

export const showAddresses: Handler<Compute, unknown, 'id' | 'label'> = async (compute, call) => {
  const label = call.params.label;
  const addresses = addressesView(await serverOf(compute, call));
  if (!own(addresses, label)) throw new Fault(404, 'notFound', 'Instance is not a member of specified network');
  return ok({ [label]: addresses[label] });
};

export const listMetadata: Handler<Compute> = async (compute, call) =>
  ok({ metadata: (await serverOf(compute, call)).metadata });

export const showMetadatum: Handler<Compute, unknown, 'id' | 'key'> = async (compute, call) => {
  const key = call.params.key;
  const value = own((await serverOf(compute, call)).metadata, key);
  if (value === undefined) throw new Fault(404, 'notFound', 'Metadata item was not found');
  return ok({ meta: { [key]: value } });
};

type Metadata = Readonly<Record<string, string>>;

export const addMetadata: Handler<Compute, { metadata: Metadata }, 'id'> = async (compute, call) => {
  await unlockedServer(compute, call);
  const add = (now: Metadata) => ({ ...now, ...call.body.metadata });
  return ok({ metadata: await changeMetadata(compute, call.caller, call.params.id, add) });
};

export const replaceMetadata: Handler<Compute, { metadata: Metadata }, 'id'> = async (compute, call) => {
  await unlockedServer(compute, call);
  return ok({ metadata: await changeMetadata(compute, call.caller, call.params.id, () => call.body.metadata) });
};

export const setMetadatum: Handler<Compute, { meta: Metadata }, 'id' | 'key'> = async (compute, call) => {
  await unlockedServer(compute, call);
  const { id, key } = call.params;
  const value = own(call.body.meta, key);
  if (value === undefined) throw badRequest('Request body and URI mismatch');
  await changeMetadata(compute, call.caller, id, (now) => ({ ...now, [key]: value }));
  return ok({ meta: { [key]: value } });
};

export const deleteMetadatum: Handler<Compute, unknown, 'id' | 'key'> = async (compute, call) => {
  await unlockedServer(compute, call);
  const { id, key } = call.params;
  await changeMetadata(compute, call.caller, id, (now) => {
    const { [key]: value, ...rest } = now;
    if (value === undefined) throw new Fault(404, 'notFound', 'Metadata item was not found');
    return rest;
  });
  return gone();
};

export const listTags: Handler<Compute> = async (compute, call) => ok({ tags: (await serverOf(compute, call)).tags });

const tagNotFound = (id: string, tag: string) => new Fault(404, 'notFound', `Server ${id} has no tag '${tag}'`);

export const showTag: Handler<Compute, unknown, 'id' | 'tag'> = async (compute, call) => {
  const { tags, id } = await serverOf(compute, call);
  const tag = call.params.tag;
  if (!tags.includes(tag)) throw tagNotFound(id, tag);
  return gone();
};

function checkTag(tag: string): void {
  if (tag === '' || tag.length > 60 || /[,/]/.test(tag))
    throw badRequest(
      `Tag '${tag}' is invalid. It must be a string without characters '/' and ','. Validation error message: a tag has 1 to 60 characters`,
    );
}

export const addTag: Handler<Compute, unknown, 'id' | 'tag'> = async (compute, call) => {
  const { id, tag } = call.params;
  checkTag(tag);
  const server = await unlockedServer(compute, call);
  if (server.tags.includes(tag)) return gone();
  await changeTags(compute, call.caller, id, (now) => [...now, tag]);
  return { status: 201, headers: { location: `${call.base}/v2.1/servers/${id}/tags/${encodeURIComponent(tag)}` } };
};

export const replaceTags: Handler<Compute, { tags: readonly string[] }, 'id'> = async (compute, call) => {
  for (const tag of call.body.tags) checkTag(tag);
  await unlockedServer(compute, call);
  return ok({ tags: await changeTags(compute, call.caller, call.params.id, () => call.body.tags) });
};

export const removeTag: Handler<Compute, unknown, 'id' | 'tag'> = async (compute, call) => {
  const { id, tag } = call.params;
  await unlockedServer(compute, call);
  await changeTags(compute, call.caller, id, (now) => {
    if (!now.includes(tag)) throw tagNotFound(id, tag);
    return now.filter((each) => each !== tag);
  });
  return gone();
};

export const removeTags: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  await unlockedServer(compute, call);
  await changeTags(compute, call.caller, call.params.id, () => []);
  return gone();
};
