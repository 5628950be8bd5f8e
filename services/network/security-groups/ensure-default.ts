/** Creates a project's default group with the first request of one of its users. */
import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import { Lru } from '#shared/clock/lru.ts';
import type { Handler } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { defaultGroup } from './default-group.ts';
import { findDefaultGroup } from './store.ts';

const ensured = new WeakMap<object, Lru<true>>();

/** The service project needs no default group: services act for other projects. A second group named default is ambiguous for admins. */
const needsNone = (caller: Caller): boolean =>
  caller.projectId === null || caller.projectName === 'service' || may(caller, 'service_api');

async function ensureDefaultGroup(network: Network, caller: Caller): Promise<void> {
  if (needsNone(caller)) return;
  const projectId = caller.projectId ?? '';
  const projects = ensured.get(network.bus) ?? new Lru<true>(10_000);
  ensured.set(network.bus, projects);
  if (projects.get(projectId)) return;
  if ((await findDefaultGroup(network.db, projectId)) === undefined)
    await atomically(network, (within) => defaultGroup(within, projectId));
  projects.set(projectId, true);
}

export const ensuringDefaultGroup =
  <Body>(handler: Handler<Network, Body>): Handler<Network, Body> =>
  async (network, call) => {
    await ensureDefaultGroup(network, call.caller);
    return handler(network, call);
  };

/** Clears the cache, after an admin deleted a default group. */
export const forgetEnsured = ({ bus }: Network): void => ensured.get(bus)?.clear();
