import { type Off, requireHost, requireSender } from '#shared/bus/bus.ts';
import { type ComputeReport, computeAgent, type OwnsGuest, ownsGuest } from '#shared/contracts/compute-agent.ts';
import { type MetadataOf, metadataOf } from '#shared/contracts/network-agent.ts';
import { answerAgents } from '#shared/hosts/hosts.ts';
import type { Runner } from '#shared/workflow/runner.ts';
import { type Compute, taskCancelled, tasksWait } from './context.ts';
import { reportKeeper } from './hosts/operations.ts';
import { readMetadata } from './metadata/operations.ts';
import { wantedPower } from './servers/states.ts';
import { readServer } from './servers/store.ts';

/** What this service reacts to on the bus: hints about its tasks, and the questions of agents and the metadata door. */
export const openMessages = (compute: Compute, runner: Runner): Off[] => [
  compute.bus.onNotify(tasksWait, runner.wake),
  compute.bus.onNotify(taskCancelled, runner.recheck),
  ...answerAgents<ComputeReport>(compute.bus, compute.db, 'compute', reportKeeper(compute), {
    contract: computeAgent,
    seal: compute.seal,
  }),
  compute.bus.onCall<OwnsGuest['request']>(ownsGuest, async ({ host, id }, sender): Promise<OwnsGuest['reply']> => {
    requireHost(sender, 'compute-agent', host);
    const server = await readServer(compute.db, id);
    return { power: server && server.host === host ? wantedPower(server) : null };
  }),
  compute.bus.onCall<MetadataOf['request']>(metadataOf, async (request, sender) => {
    requireSender(sender, 'network-agent');
    return await readMetadata(compute, request);
  }),
];
