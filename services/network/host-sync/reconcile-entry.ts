/**
 * One statement, from its mark to a host that has done it. It may be begun by several processes, or twice after a
 * death: the spec has one id per generation of the rows behind it, so a host does it once and everybody hears of it.
 */
import type { Applied } from '#shared/contracts/network-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { HostAway } from '#shared/hosts/hosts.ts';
import { forgetWork } from '#shared/hosts/work.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { atomically, eventsWait, type Network } from '../context.ts';
import { isAway } from '../hosts/away.ts';
import { getHost } from '../hosts/store.ts';
import { type Asked, askFor } from './specs.ts';
import { type DirtyEntry, Outdated, postpone, postponeNotice, removeEntry, stillCurrent } from './store.ts';

/** Gives what the host has done; undefined when it has not, or not for the rows as they are now. */
export async function reconcileEntry(
  network: Network,
  entry: DirtyEntry,
  signal: AbortSignal,
): Promise<Asked['verb'] | undefined> {
  let asked: Asked | undefined;
  try {
    asked = await askFor(network, entry);
    const answer = await asked.ask(network.hosts.on(entry.host, runOf(network, entry, signal)));
    const applied = answer as Partial<Applied> | null | undefined;
    await end(network, entry, asked, applied?.refused ?? []);
    return asked.verb;
  } catch (error) {
    if (signal.aborted) return undefined; // the next process goes on
    if (error instanceof Outdated) await postponeNotice(network.db, entry);
    else await onFailure(network, entry, asked, error);
    return undefined;
  }
}

function runOf({ groupCommit, log }: Network, entry: DirtyEntry, signal: AbortSignal): Run {
  const operationId = `${entry.id}/${entry.generation}`;
  const commit: Run['commit'] = (work) =>
    groupCommit(async (tx) => {
      await stillCurrent(tx, entry);
      return work(tx);
    });
  const result = () => {
    throw new Error('a statement has one step');
  };
  return { taskId: entry.id, requestId: '', log, operationId, signal, result, commit };
}

async function end(
  network: Network,
  entry: DirtyEntry,
  { verb, done }: Asked,
  refused: Applied['refused'],
): Promise<void> {
  const { host, kind, subject } = entry;
  if (refused.length > 0) network.log.error({ host, kind, subject, verb, refused }, 'a host left parts out');
  await network.groupCommit(async (tx) => {
    await stillCurrent(tx, entry);
    await removeEntry(tx, entry);
    await forgetWork(tx, entry.id);
    await done?.({ ...network, db: tx }, refused);
  });
  network.bus.notify(eventsWait);
}

/** A host that reports, and yet has not done what it was asked, tries it in vain. */
async function isThere(network: Network, name: string): Promise<boolean> {
  const host = await getHost(network.db, name);
  return host !== undefined && !isAway(network, host);
}

const longestMs = 60_000;

/** A host that is away has the spec waiting; one that refuses is asked anew, for what it lacks may come. */
async function onFailure(network: Network, entry: DirtyEntry, asked: Asked | undefined, error: unknown): Promise<void> {
  const { db, log, config } = network;
  const { host, kind, subject, tries } = entry;
  const refused = error instanceof Fault && !(error instanceof HostAway);
  const pauseMs = Math.min(longestMs, config.backoffMs * 2 ** Math.min(tries, 10));
  log.warn({ host, kind, subject, verb: asked?.verb, error }, refused ? 'a host refuses' : 'a host is asked again');
  if (asked?.refused && (refused || (kind === 'router' && (await isThere(network, host)))))
    await atomically(network, asked.refused);
  await postpone(db, entry, pauseMs, refused);
}
