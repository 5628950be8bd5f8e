import { type Off, requireHost, requireSender } from '#shared/bus/bus.ts';
import { type ComputeReport, computeAgent, type OwnsGuest, ownsGuest } from '#shared/contracts/compute-agent.ts';
import { type MetadataOf, metadataOf } from '#shared/contracts/network-agent.ts';
import { serveAgents } from '#shared/hosts/hosts.ts';
import type { Runner } from '#shared/workflow/runner.ts';
import { type Compute, taskCancelled, tasksWait } from './context.ts';
import { reportHandler } from './hosts/operations.ts';
import { getMetadata } from './metadata/operations.ts';
import { wantedPower } from './servers/states.ts';
import { findServer } from './servers/store.ts';
import { isOrderedGone } from './workflows/one-guest.ts';

/** Entry point 2, the bus: notifications about tasks, and calls of agents and of the metadata proxy. */
export const openMessages = (compute: Compute, runner: Runner): Off[] => [
  compute.bus.onNotify(tasksWait, runner.wake),
  compute.bus.onNotify(taskCancelled, runner.recheck),
  ...serveAgents<ComputeReport>(compute.bus, compute.db, 'compute', reportHandler(compute), {
    contract: computeAgent,
    seal: compute.seal,
  }),
  compute.bus.onCall<OwnsGuest['request']>(ownsGuest, async ({ host, id }, sender): Promise<OwnsGuest['reply']> => {
    requireHost(sender, 'compute-agent', host);
    const server = await findServer(compute.db, id);
    const isOwner = server?.host === host && !(await isOrderedGone(compute.db, id, host));
    return { power: server && isOwner ? wantedPower(server) : null };
  }),
  compute.bus.onCall<MetadataOf['request']>(metadataOf, async (request, sender) => {
    requireSender(sender, 'network-agent');
    return await getMetadata(compute, request);
  }),
];
