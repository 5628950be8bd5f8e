/**
 * One statement, from its mark to a host that has done it. It may be begun by several processes, or twice after a
 * death: the wish has one id per generation of the rows behind it, so a host does it once and everybody hears of it.
 */
import type { Applied } from '#shared/contracts/network-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { HostAway } from '#shared/hosts/hosts.ts';
import { forgetWork } from '#shared/hosts/work.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { atomically, eventsWait, type Network } from '../context.ts';
import { isAway } from '../hosts/away.ts';
import { getHost } from '../hosts/store.ts';
import { Outdated, postpone, removeStatement, type Statement, stillCurrent, tellLater } from './store.ts';
import { type Asked, askFor } from './wishes.ts';

/** Gives what the host has done; undefined when it has not, or not for the rows as they are now. */
export async function state(
  network: Network,
  statement: Statement,
  signal: AbortSignal,
): Promise<Asked['verb'] | undefined> {
  let asked: Asked | undefined;
  try {
    asked = await askFor(network, statement);
    const answer = await asked.ask(network.hosts.on(statement.host, runOf(network, statement, signal)));
    const applied = answer as Partial<Applied> | null | undefined;
    await end(network, statement, asked, applied?.refused ?? []);
    return asked.verb;
  } catch (error) {
    if (signal.aborted) return undefined; // the next process goes on
    if (error instanceof Outdated) await tellLater(network.db, statement);
    else await meet(network, statement, asked, error);
    return undefined;
  }
}

function runOf({ together, log }: Network, statement: Statement, signal: AbortSignal): Run {
  const operationId = `${statement.id}/${statement.generation}`;
  const commit: Run['commit'] = (work) =>
    together(async (tx) => {
      await stillCurrent(tx, statement);
      return work(tx);
    });
  const result = () => {
    throw new Error('a statement has one step');
  };
  return { taskId: statement.id, requestId: '', log, operationId, signal, result, commit };
}

async function end(
  network: Network,
  statement: Statement,
  { verb, done }: Asked,
  refused: Applied['refused'],
): Promise<void> {
  const { host, kind, subject } = statement;
  if (refused.length > 0) network.log.error({ host, kind, subject, verb, refused }, 'a host left parts out');
  await network.together(async (tx) => {
    await stillCurrent(tx, statement);
    await removeStatement(tx, statement);
    await forgetWork(tx, statement.id);
    await done?.({ ...network, db: tx }, refused);
  });
  network.bus.hint(eventsWait);
}

/** A host that reports, and yet has not done what it was asked, tries it in vain. */
async function isThere(network: Network, name: string): Promise<boolean> {
  const host = await getHost(network.db, name);
  return host !== undefined && !isAway(network, host);
}

const longestMs = 60_000;

/** A host that is away has the wish waiting; one that refuses is asked anew, for what it lacks may come. */
async function meet(network: Network, statement: Statement, asked: Asked | undefined, error: unknown): Promise<void> {
  const { db, log, config } = network;
  const { host, kind, subject, tries } = statement;
  const refused = error instanceof Fault && !(error instanceof HostAway);
  const pauseMs = Math.min(longestMs, config.backoffMs * 2 ** Math.min(tries, 10));
  log.warn({ host, kind, subject, verb: asked?.verb, error }, refused ? 'a host refuses' : 'a host is asked again');
  if (asked?.refused && (refused || (kind === 'router' && (await isThere(network, host)))))
    await atomically(network, asked.refused);
  await postpone(db, statement, pauseMs, refused);
}
