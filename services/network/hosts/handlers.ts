/** Agents and availability zones. */
import { conflict } from '#shared/errors/fault.ts';
import { deleteWorkOfHost } from '#shared/hosts/work.ts';
import { type Handler, noContent, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { deleteLease } from '../gateways/store.ts';
import { deleteEntriesOf, refusalsOn } from '../host-sync/store.ts';
import { boundTo } from '../ports/store.ts';
import { fieldsOf, filtered, pick } from '../resources/query.ts';
import { missing } from '../resources/values.ts';
import { changeHost, deleteHost, type Host, listHosts } from './store.ts';
import { agentView } from './view.ts';

const agentFilters = [
  'host',
  'agent_type',
  'binary',
  'id',
  'topic',
  'availability_zone',
  'admin_state_up',
  'alive',
] as const;

/** Empty for a caller who may not see agents. */
export const listAgents: Handler<Network> = async (network, call) => {
  const hosts = call.may('get_agent') ? await listHosts(network.db) : [];
  const views = await agentViews(network, hosts);
  return ok({ agents: filtered(call, agentFilters, views).map((view) => pick(view, fieldsOf(call))) });
};

const viewOf = async (network: Network, host: Host) =>
  agentView(network, host, await refusalsOn(network.db, host.host));

export const agentViews = (network: Network, hosts: readonly Host[]) =>
  Promise.all(hosts.map((host) => viewOf(network, host)));

const agentNotFound = (id: string) => missing('AgentNotFound', `Agent ${id} could not be found.`);

export async function getAgent({ db }: Pick<Network, 'db'>, id: string): Promise<Host> {
  const found = (await listHosts(db)).find(({ hostId }) => hostId === id);
  if (!found) throw agentNotFound(id);
  return found;
}

export const showAgent: Handler<Network, unknown, 'id'> = async (network, { params, may }) => {
  if (!may('get_agent')) throw agentNotFound(params.id);
  return ok({ agent: await viewOf(network, await getAgent(network, params.id)) });
};

interface AgentChange {
  readonly agent?: { readonly admin_state_up?: boolean; readonly description?: string };
}

/** A disabled agent gets no new routers and DHCP servers, and keeps what it has. */
export const updateAgent: Handler<Network, AgentChange, 'id'> = async (network, { params, body }) => {
  const { host } = await getAgent(network, params.id);
  const { admin_state_up: adminStateUp, description } = body.agent ?? {};
  const change = {
    ...(adminStateUp === undefined ? {} : { adminStateUp }),
    ...(description === undefined ? {} : { description }),
  };
  if (Object.keys(change).length > 0) await changeHost(network.db, host, change);
  return ok({ agent: await viewOf(network, await getAgent(network, params.id)) });
};

/** Removes a host that will not return, with its dirty entries and open work. */
export const removeAgent: Handler<Network, unknown, 'id'> = async (network, { params }) => {
  const { host } = await getAgent(network, params.id);
  await atomically(network, async ({ db }) => {
    const [port] = await boundTo(db, host);
    if (port) throw conflict(`Agent ${params.id} is in use: port ${port.id} is bound to host ${host}.`, 'AgentInUse');
    await deleteEntriesOf(db, host);
    await deleteWorkOfHost(db, host);
    await deleteLease(db, host);
    await deleteHost(db, host);
  });
  return noContent();
};

export const listZones: Handler<Network> = async ({ db }, call) => {
  const names = new Set((await listHosts(db)).map(({ availabilityZone }) => availabilityZone));
  const zones = [...names].flatMap((name) =>
    ['network', 'router'].map((resource) => ({ name, resource, state: 'available' })),
  );
  const found = filtered(call, ['name', 'resource', 'state'], zones);
  return ok({ availability_zones: found.map((zone) => pick(zone, fieldsOf(call))) });
};
