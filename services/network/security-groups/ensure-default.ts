/** A project has its default group from the first call of one of its users on. */
import type { Caller } from '#shared/auth/caller.ts';
import { Lru } from '#shared/clock/lru.ts';
import type { Handler } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { defaultGroup } from './default-group.ts';
import { findDefaultGroup } from './store.ts';

const greeted = new WeakMap<object, Lru<true>>();

/** Services act for others: their own project needs none, and an admin's client would stumble over two. */
const needsNone = ({ projectId, projectName, roles }: Caller): boolean =>
  projectId === null || projectName === 'service' || roles.includes('service');

async function ensureDefaultGroup(network: Network, caller: Caller): Promise<void> {
  if (needsNone(caller)) return;
  const projectId = caller.projectId ?? '';
  const known = greeted.get(network.bus) ?? new Lru<true>(10_000);
  greeted.set(network.bus, known);
  if (known.get(projectId)) return;
  if ((await findDefaultGroup(network.db, projectId)) === undefined)
    await atomically(network, (within) => defaultGroup(within, projectId));
  known.set(projectId, true);
}

export const ensuringDefaultGroup =
  <Body>(handler: Handler<Network, Body>): Handler<Network, Body> =>
  async (network, call) => {
    await ensureDefaultGroup(network, call.caller);
    return handler(network, call);
  };

/** An admin took a default group away: its project is a outsider again. */
export const forgetEnsured = ({ bus }: Network): void => greeted.get(bus)?.clear();
