/**
 * Reconciles one dirty entry: sends the spec to the host, waits, and deletes the entry. Several processes may do so at once, or
 * again after a crash: the work has one id per generation of the entry, so the host does it once and all get its outcome.
 */
import type { Applied } from '#shared/contracts/network-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { HostAway } from '#shared/hosts/hosts.ts';
import { deleteWork } from '#shared/hosts/work.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { atomically, eventsChanged, type Network } from '../context.ts';
import { type HostCall, hostCallFor } from './host-calls.ts';
import { partName } from './part-names.ts';
import {
  type DirtyEntry,
  deleteEntry,
  Outdated,
  postpone,
  postponeBatched,
  putRefused,
  requireCurrent,
} from './store.ts';

/** Returns the verb that the host has done; undefined when it failed, or when the rows have changed since. */
export async function reconcileEntry(
  network: Network,
  entry: DirtyEntry,
  signal: AbortSignal,
): Promise<HostCall['verb'] | undefined> {
  let hostCall: HostCall | undefined;
  try {
    hostCall = await hostCallFor(network, entry);
    const answer = await hostCall.call(network.hosts.on(entry.host, runOf(network, entry, signal)));
    const applied = answer as Partial<Applied> | null | undefined;
    await finish(network, entry, hostCall, applied?.refused ?? []);
    return hostCall.verb;
  } catch (error) {
    if (signal.aborted) return undefined; // the entry stays for the next process
    if (error instanceof Outdated) await postponeBatched(network.db, entry);
    else await onFailure(network, entry, hostCall, error);
    return undefined;
  }
}

function runOf({ groupCommit, log }: Network, entry: DirtyEntry, signal: AbortSignal): Run {
  const operationId = `${entry.id}/${entry.generation}`;
  const commit: Run['commit'] = (work) =>
    groupCommit(async (tx) => {
      await requireCurrent(tx, entry);
      return work(tx);
    });
  const result = () => {
    throw new Error('a dirty entry has one step');
  };
  return { taskId: entry.id, requestId: '', log, operationId, signal, result, commit };
}

async function finish(
  network: Network,
  entry: DirtyEntry,
  { verb, spec = {}, onApplied }: HostCall,
  refused: Applied['refused'],
): Promise<void> {
  const { host, kind, subject } = entry;
  if (refused.length > 0) network.log.error({ host, kind, subject, verb, refused }, 'a host refused parts of a spec');
  await network.groupCommit(async (tx) => {
    await requireCurrent(tx, entry);
    await deleteEntry(tx, entry);
    await deleteWork(tx, entry.id);
    await putRefused(
      tx,
      entry,
      refused.map((part) => partName(spec, part)),
    );
    await onApplied?.({ ...network, db: tx }, refused);
  });
  network.bus.notify(eventsChanged);
}

const longestMs = 60_000;

/** Retries with back-off. For a host that is away the same work stays open; one that refused gets new work, as its cause may go away. */
async function onFailure(
  network: Network,
  entry: DirtyEntry,
  hostCall: HostCall | undefined,
  error: unknown,
): Promise<void> {
  const { db, log, config, presence } = network;
  const { host, kind, subject, tries } = entry;
  const refused = error instanceof Fault && !(error instanceof HostAway);
  const pauseMs = Math.min(longestMs, config.backoffMs * 2 ** Math.min(tries, 10));
  log.warn(
    { host, kind, subject, verb: hostCall?.verb, error },
    refused ? 'a host refused a spec; trying again later' : 'a host did not apply a spec; trying again',
  );
  // Unfinished work on a host that reports is failing rather than waiting.
  if (hostCall?.onRefused && (refused || (kind === 'router' && !presence.isLost(host))))
    await atomically(network, hostCall.onRefused);
  if (refused) await putRefused(db, entry, ['all of it']);
  await postpone(db, entry, pauseMs, refused);
}
