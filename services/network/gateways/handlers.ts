/** The routers of agents: which agent runs a router, and moving routers by hand (the extension l3_agent_scheduler). */
import { routersChanged } from '#shared/contracts/router-lease.ts';
import { conflict } from '#shared/errors/fault.ts';
import { created, type Handler, noContent, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { agentViews, getAgent } from '../hosts/handlers.ts';
import { type Host, listHosts } from '../hosts/store.ts';
import { fieldsOf, pick } from '../resources/query.ts';
import { missing, ownersOf } from '../resources/values.ts';
import { type Router, routerRows, routers } from '../routers/resource.ts';
import { routerRelations } from '../routers/view.ts';
import { gatewayHosts, whyNoRouter } from './choose-host.ts';
import { moveRouter } from './move-router.ts';

export const listRoutersOfAgent: Handler<Network, unknown, 'id'> = async (network, call) => {
  const { host } = await getAgent(network, call.params.id);
  const found = await routerRows.where(network.db, { host });
  const more = await routerRelations(network, found);
  const viewOf = (row: Router) =>
    routers.view({ ...row, ...more(row) }, { may: (rule) => call.may(rule, ownersOf(row)) });
  return ok({ routers: found.map((row) => pick(viewOf(row), fieldsOf(call))) });
};

export const listAgentsOfRouter: Handler<Network, unknown, 'id'> = async (network, call) => {
  const { host } = await routerRows.find(network.db, call.caller, call.params.id);
  const agents = (await listHosts(network.db)).filter((each) => each.host === host);
  return ok({ agents: await agentViews(network, agents) });
};

interface RouterOfAgent {
  readonly router_id?: string;
}

/** The router must be on no agent: with two of them its addresses would be held twice. */
export const addRouterToAgent: Handler<Network, RouterOfAgent, 'id'> = async (network, call) => {
  const { host } = await atomically(network, async (within) => {
    const agent = await getAgent(within, call.params.id);
    const router = await routerRows.find(within.db, call.caller, call.body.router_id ?? '');
    if (router.host === agent.host) return agent;
    await refuseHosted(within, router);
    await refuseUnable(within, agent, router);
    await moveRouter(within, router, agent.host, false);
    return agent;
  });
  network.bus.notify(routersChanged(host));
  return created({});
};

async function refuseHosted({ db }: Network, { id, host }: Router): Promise<void> {
  const holder = (await listHosts(db)).find((each) => each.host === host);
  if (holder)
    throw conflict(
      `The router ${id} has been already hosted by the L3 Agent ${holder.hostId}. Remove it from there first: an address is never on two hosts.`,
      'RouterHostedByL3Agent',
    );
}

async function refuseUnable(network: Network, agent: Host, router: Router): Promise<void> {
  if (!(await gatewayHosts(network)).some(({ host }) => host === agent.host))
    throw missing(
      'InvalidL3Agent',
      `Agent ${agent.hostId} is not a L3 Agent or has been disabled: host ${agent.host} is no gateway host. It needs a NIC of a physical network and a weight, and the setting gatewayHost must not name another.`,
    );
  const reason = whyNoRouter(network, agent, router);
  if (reason !== null)
    throw conflict(
      `Failed scheduling router ${router.id} to the L3 Agent ${agent.hostId}: host ${agent.host} ${reason}.`,
      'RouterSchedulingFailed',
    );
}

/** The router stops, until it is added to an agent. */
export const removeRouterFromAgent: Handler<Network, unknown, 'id' | 'router_id'> = async (network, call) => {
  const { id, router_id } = call.params;
  const { host } = await atomically(network, async (within) => {
    const agent = await getAgent(within, id);
    const router = await routerRows.find(within.db, call.caller, router_id);
    if (router.host !== agent.host)
      throw conflict(`The router ${router_id} is not hosted by L3 agent ${id}.`, 'RouterNotHostedByL3Agent');
    await moveRouter(within, router, '', false);
    return agent;
  });
  network.bus.notify(routersChanged(host));
  return noContent();
};
