/** A project has its default group from the first call of one of its users on. */
import type { Who } from '#shared/auth/who.ts';
import { Lru } from '#shared/clock/lru.ts';
import type { Handler } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { defaultGroup } from './default-group.ts';
import { getDefaultGroup } from './store.ts';

const greeted = new WeakMap<object, Lru<true>>();

/** Services act for others: their own project needs none, and an admin's client would stumble over two. */
const needsNone = ({ projectId, projectName, roles }: Who): boolean =>
  projectId === null || projectName === 'service' || roles.includes('service');

async function greet(network: Network, who: Who): Promise<void> {
  if (needsNone(who)) return;
  const projectId = who.projectId ?? '';
  const known = greeted.get(network.bus) ?? new Lru<true>(10_000);
  greeted.set(network.bus, known);
  if (known.get(projectId)) return;
  if ((await getDefaultGroup(network.db, projectId)) === undefined)
    await atomically(network, (within) => defaultGroup(within, projectId));
  known.set(projectId, true);
}

export const greeting =
  <Body>(handler: Handler<Network, Body>): Handler<Network, Body> =>
  async (network, call) => {
    await greet(network, call.who);
    return handler(network, call);
  };

/** An admin took a default group away: its project is a stranger again. */
export const forgetGreetings = ({ bus }: Network): void => greeted.get(bus)?.clear();
