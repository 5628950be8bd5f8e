/** Tells hosts what is marked: on every hint, and every few seconds. */
import { every } from '#shared/clock/every.ts';
import { openLanes } from '#shared/clock/lanes.ts';
import { type Network, statementsWait } from '../context.ts';
import { state } from './state.ts';
import { generationsOf, listDue, nextDue, type Statement } from './store.ts';

interface Pump {
  close(): Promise<void>;
}

const atOnce = 500;
/** How long a host may take before what it is asked gives way to what the rows say meanwhile. */
const patienceMs = 1_000;

interface Asking {
  readonly generation: number;
  readonly since: number;
  readonly ended: Promise<void>;
  /** Ends the wait for an answer. The host itself takes the later wish in place of this one. */
  readonly outdated: AbortController;
}

export function openPump(network: Network): Pump {
  const { db, bus, log, config } = network;
  const stopping = new AbortController();
  const underway = new Map<string, Asking>();
  const inOrder = openLanes();
  let alarm: NodeJS.Timeout | undefined;
  const groups = openGroups();

  const turn = async (statement: Statement, signal: AbortSignal) => {
    if (statement.kind === 'port') await groups.ready(statement.host);
    if (signal.aborted) return;
    const verb = await state(network, statement, signal);
    if (verb) groups.heard(statement, verb);
  };
  const begin = (statement: Statement) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const outdated = new AbortController();
    const signal = AbortSignal.any([stopping.signal, outdated.signal]);
    underway.set(statement.id, { generation: statement.generation, since: Date.now(), ended: promise, outdated });
    if (statement.kind === 'group') groups.begin(statement, promise);
    const work = async () => {
      await turn(statement, signal).catch((error) => log.warn({ ...statement, error }, 'a statement is tried again'));
      underway.delete(statement.id);
      resolve();
      looking.wake(); // the rows may have changed meanwhile
    };
    inOrder(`${statement.host} ${statement.subject}`, work);
  };
  /** One that a host tries in vain again and again must not hold up the one that sets it right. */
  const giveWay = async () => {
    const slow = [...underway].filter(([, { since }]) => Date.now() - since > patienceMs);
    const now = await generationsOf(
      db,
      slow.map(([id]) => id),
    );
    for (const [id, { generation, outdated }] of slow) if ((now.get(id) ?? 0) > generation) outdated.abort();
  };
  const look = async () => {
    await giveWay();
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
    await Promise.all([...underway.values()].map(({ ended }) => ended));
  };
  return { close };
}

/** A port is asked for when the groups that came to its host with it stand; a change of one that stands holds nobody up. */
function openGroups() {
  const standing = new Set<string>();
  const coming = new Map<string, Set<Promise<void>>>();
  const nameOf = ({ host, subject }: Statement) => `${host} ${subject}`;
  const begin = (statement: Statement, ended: Promise<void>) => {
    if (standing.has(nameOf(statement))) return;
    const siblings = coming.get(statement.host) ?? new Set();
    coming.set(statement.host, siblings.add(ended));
    void ended.then(() => siblings.delete(ended));
  };
  const heard = (statement: Statement, verb: string) => {
    if (verb === 'ensureGroup') standing.add(nameOf(statement));
    if (verb === 'ensureGroupGone') standing.delete(nameOf(statement));
  };
  const ready = async (host: string) => void (await Promise.all(coming.get(host) ?? []));
  return { begin, heard, ready };
}
