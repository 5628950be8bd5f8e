/** Agents and zones, as operators know them. */
import { conflict } from '#shared/errors/fault.ts';
import { forgetWorkOf } from '#shared/hosts/work.ts';
import { gone, type Handler, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { removeEntriesOf } from '../host-sync/store.ts';
import { boundTo } from '../ports/store.ts';
import { fieldsOf, pick } from '../resources/query.ts';
import { missing } from '../resources/values.ts';
import { type Host, listHosts, removeHost } from './store.ts';
import { agentView } from './view.ts';

/** Whoever may not see them is told of none. */
export const listAgents: Handler<Network> = async (network, call) => {
  if (!call.may('get_agent')) return ok({ agents: [] });
  const { query } = call;
  const views = (await listHosts(network.db)).map((host) => agentView(network, host));
  const fits = (view: ReturnType<typeof agentView>) =>
    (['host', 'agent_type', 'binary', 'id', 'availability_zone'] as const).every(
      (key) => (query[key] ?? view[key]) === view[key],
    ) &&
    (query.alive === undefined || query.alive.toLowerCase() === String(view.alive));
  return ok({ agents: views.filter(fits).map((view) => pick(view, fieldsOf(call))) });
};

const agentNotFound = (id: string) => missing('AgentNotFound', `Agent ${id} could not be found.`);

async function findAgent({ db }: Network, id: string): Promise<Host> {
  const found = (await listHosts(db)).find(({ hostId }) => hostId === id);
  if (!found) throw agentNotFound(id);
  return found;
}

export const showAgent: Handler<Network> = async (network, { params, may }) => {
  if (!may('get_agent')) throw agentNotFound(params.id ?? '');
  return ok({ agent: agentView(network, await findAgent(network, params.id ?? '')) });
};

/** The host will never be back: what it was still to be told is forgotten with it. */
export const removeAgent: Handler<Network> = async (network, { params }) => {
  const { host } = await findAgent(network, params.id ?? '');
  await atomically(network, async ({ db }) => {
    const [port] = await boundTo(db, host);
    if (port) throw conflict(`Agent ${params.id} is in use: port ${port.id} is bound to host ${host}.`, 'AgentInUse');
    await removeEntriesOf(db, host);
    await forgetWorkOf(db, host);
    await removeHost(db, host);
  });
  return gone();
};

const zones = ['network', 'router'].map((resource) => ({ name: 'nova', resource, state: 'available' }));

export const listZones: Handler<Network> = async ({ db }, { query }) => {
  const known = (await listHosts(db)).length > 0 ? zones : [];
  const fits = (zone: (typeof zones)[number]) =>
    (['name', 'resource', 'state'] as const).every((key) => (query[key] ?? zone[key]) === zone[key]);
  return ok({ availability_zones: known.filter(fits) });
};
