/** Tells hosts what is marked: on every hint, and every few seconds. */
import { every } from '#shared/clock/every.ts';
import { openLanes } from '#shared/clock/lanes.ts';
import { type Network, statementsWait } from '../context.ts';
import { state } from './state.ts';
import { listDue, nextDue, type Statement } from './store.ts';

export interface Pump {
  close(): Promise<void>;
}

const atOnce = 500;

export function openPump(network: Network): Pump {
  const { db, bus, log, config } = network;
  const stopping = new AbortController();
  const underway = new Map<string, Promise<void>>();
  const inOrder = openLanes();
  let alarm: NodeJS.Timeout | undefined;
  const groupsOn = new Map<string, Set<Promise<void>>>();

  /** A port is asked for when the groups that were marked with it stand. */
  const turn = async (statement: Statement) => {
    if (statement.kind === 'port') await Promise.all(groupsOn.get(statement.host) ?? []);
    if (!stopping.signal.aborted) await state(network, statement, stopping.signal);
  };
  const begin = (statement: Statement) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    underway.set(statement.id, promise);
    const siblings = groupsOn.get(statement.host) ?? new Set();
    if (statement.kind === 'group') groupsOn.set(statement.host, siblings.add(promise));
    const work = async () => {
      await turn(statement).catch((error) => log.warn({ ...statement, error }, 'a statement is tried again'));
      underway.delete(statement.id);
      siblings.delete(promise);
      resolve();
      looking.wake(); // the rows may have changed meanwhile
    };
    inOrder(`${statement.host} ${statement.subject}`, work);
  };
  const look = async () => {
    const due = await listDue(db, Date.now(), [...underway.keys()], atOnce);
    for (const statement of due) begin(statement);
    clearTimeout(alarm);
    const inMs = await nextDue(db, Date.now());
    if (inMs !== undefined && inMs < config.pollMs) alarm = setTimeout(looking.wake, inMs).unref();
  };

  const looking = every(config.pollMs, look, (error) => log.warn({ error }, 'statements cannot be read'));
  const off = bus.onHint(statementsWait, looking.wake);
  looking.wake();
  const close = async () => {
    off();
    stopping.abort();
    clearTimeout(alarm);
    await looking.close();
    await Promise.all(underway.values());
  };
  return { close };
}
