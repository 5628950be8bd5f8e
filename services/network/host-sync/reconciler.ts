/** Tells hosts what is marked: on every hint, and every few seconds. */
import { every } from '#shared/clock/every.ts';
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
import { dirtyEntriesWait, type Network } from '../context.ts';
import { reconcileEntry } from './reconcile-entry.ts';
import { type DirtyEntry, generationsOf, listDue, nextDue } from './store.ts';

interface Reconciler {
  close(): Promise<void>;
}

const atOnce = 500;
/** How long a host may take before what it is asked gives way to what the rows say meanwhile. */
const patienceMs = 1_000;

interface Asking {
  readonly generation: number;
  readonly since: number;
  readonly ended: Promise<void>;
  /** Ends the wait for an answer. The host itself takes the later spec in place of this one. */
  readonly outdated: AbortController;
}

export function openReconciler(network: Network): Reconciler {
  const { db, bus, log, config } = network;
  const stopping = new AbortController();
  const underway = new Map<string, Asking>();
  const inOrder = keyedQueue();
  let alarm: NodeJS.Timeout | undefined;
  const groups = openGroups();

  const pass = async (entry: DirtyEntry, signal: AbortSignal) => {
    if (entry.kind === 'port') await groups.ready(entry.host);
    if (signal.aborted) return;
    const verb = await reconcileEntry(network, entry, signal);
    if (verb) groups.heard(entry, verb);
  };
  const begin = (entry: DirtyEntry) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const outdated = new AbortController();
    const signal = AbortSignal.any([stopping.signal, outdated.signal]);
    underway.set(entry.id, { generation: entry.generation, since: Date.now(), ended: promise, outdated });
    if (entry.kind === 'group') groups.begin(entry, promise);
    const work = async () => {
      await pass(entry, signal).catch((error) => log.warn({ ...entry, error }, 'a statement is tried again'));
      underway.delete(entry.id);
      resolve();
      looking.wake(); // the rows may have changed meanwhile
    };
    inOrder(`${entry.host} ${entry.subject}`, work);
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
    for (const entry of due) begin(entry);
    clearTimeout(alarm);
    const inMs = await nextDue(db, Date.now());
    if (inMs !== undefined && inMs < config.pollMs) alarm = setTimeout(looking.wake, inMs).unref();
  };

  const looking = every(config.pollMs, look, (error) => log.warn({ error }, 'statements cannot be read'));
  const off = bus.onNotify(dirtyEntriesWait, looking.wake);
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
  const nameOf = ({ host, subject }: DirtyEntry) => `${host} ${subject}`;
  const begin = (entry: DirtyEntry, ended: Promise<void>) => {
    if (standing.has(nameOf(entry))) return;
    const siblings = coming.get(entry.host) ?? new Set();
    coming.set(entry.host, siblings.add(ended));
    void ended.then(() => siblings.delete(ended));
  };
  const heard = (entry: DirtyEntry, verb: string) => {
    if (verb === 'ensureGroup') standing.add(nameOf(entry));
    if (verb === 'ensureGroupGone') standing.delete(nameOf(entry));
  };
  const ready = async (host: string) => void (await Promise.all(coming.get(host) ?? []));
  return { begin, heard, ready };
}
