import { bytes, type Handler, ok } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { hostStatuses } from '../hosts/operations.ts';
import { briefView } from '../servers/view.ts';
import { fragmentsOf, joined } from './fragments.ts';
import { serverListOf } from './query.ts';
import { listServers } from './store.ts';

const idsOf = (servers: readonly { readonly id: string }[]) => servers.map(({ id }) => id);

export const listServerNames: Handler<Compute> = async ({ db }, call) => {
  const list = serverListOf(call);
  const servers = await listServers(db, list);
  const links = call.page('servers', idsOf(servers), list.limit);
  return ok({ servers: servers.map((each) => briefView(each, call.base)), ...links });
};

/** Sends bytes, since most fragments are cached. */
export const listServerDetails: Handler<Compute> = async (compute, call) => {
  const list = serverListOf(call);
  const listed = await listServers(compute.db, list);
  const { base, version } = call;
  const admin = call.may('os_compute_api:os-extended-server-attributes');
  const hostStatus = admin ? await hostStatuses(compute) : () => '';
  const pieces = await fragmentsOf(compute.db, listed, { admin, base, version, hostStatus });
  const links = call.page('servers', idsOf(listed), list.limit);
  return bytes(200, joined(pieces, links), { 'content-type': 'application/json' });
};
