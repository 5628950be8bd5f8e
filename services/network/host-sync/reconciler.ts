/** Reconciles dirty entries: on every notification, and every pollMs. */
import { every } from '#shared/clock/every.ts';
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
import { isHeld } from '#shared/db/hold.ts';
import { dirtyEntriesChanged, type Network } from '../context.ts';
import { reconcileEntry } from './reconcile-entry.ts';
import { type DirtyEntry, generationsOf, listDue, nextDue } from './store.ts';

interface Reconciler {
  close(): Promise<void>;
}

const batchSize = 500;
/** After this time an attempt is aborted if its rows have changed. */
const supersedeAfterMs = 1_000;

interface Attempt {
  readonly generation: number;
  readonly since: number;
  readonly ended: Promise<void>;
  /** Aborts the wait for the host, which replaces the spec by the newer one. */
  readonly superseded: AbortController;
}

export function openReconciler(network: Network): Reconciler {
  const { db, bus, log, config } = network;
  const stopping = new AbortController();
  const underway = new Map<string, Attempt>();
  const queue = keyedQueue();
  let timer: NodeJS.Timeout | undefined;
  const groups = trackGroups();

  const attempt = async (entry: DirtyEntry, signal: AbortSignal) => {
    if (entry.kind === 'port') await groups.whenApplied(entry.host);
    if (signal.aborted) return;
    const verb = await reconcileEntry(network, entry, signal);
    if (verb) groups.onReconciled(entry, verb);
  };
  const start = (entry: DirtyEntry) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const superseded = new AbortController();
    const signal = AbortSignal.any([stopping.signal, superseded.signal]);
    underway.set(entry.id, { generation: entry.generation, since: Date.now(), ended: promise, superseded });
    if (entry.kind === 'group') groups.add(entry, promise);
    const work = async () => {
      await attempt(entry, signal).catch((error) =>
        log.warn({ ...entry, error }, 'a dirty entry could not be reconciled; trying again'),
      );
      underway.delete(entry.id);
      resolve();
      ticker.wake(); // its rows may have changed since
    };
    void queue(`${entry.host} ${entry.subject}`, work);
  };
  /** A spec that keeps failing must not delay its correction. */
  const abortSuperseded = async () => {
    const slow = [...underway].filter(([, { since }]) => Date.now() - since > supersedeAfterMs);
    const now = await generationsOf(
      db,
      slow.map(([id]) => id),
    );
    for (const [id, { generation, superseded }] of slow) if ((now.get(id) ?? 0) > generation) superseded.abort();
  };
  const startDue = async () => {
    if (await isHeld(db)) return;
    await abortSuperseded();
    const due = await listDue(db, Date.now(), [...underway.keys()], batchSize);
    for (const entry of due) start(entry);
    clearTimeout(timer);
    const inMs = await nextDue(db, Date.now());
    if (inMs !== undefined && inMs < config.pollMs) timer = setTimeout(ticker.wake, inMs).unref();
  };

  const ticker = every(config.pollMs, startDue, (error) => log.warn({ error }, 'dirty entries could not be read'));
  const off = bus.onNotify(dirtyEntriesChanged, ticker.wake);
  ticker.wake();
  const close = async () => {
    off();
    stopping.abort();
    clearTimeout(timer);
    await ticker.close();
    await Promise.all([...underway.values()].map(({ ended }) => ended));
  };
  return { close };
}

/** A port waits for groups that are new on its host, and not for changes of groups that the host has. */
function trackGroups() {
  const applied = new Set<string>();
  const pending = new Map<string, Set<Promise<void>>>();
  const keyOf = ({ host, subject }: DirtyEntry) => `${host} ${subject}`;
  const add = (entry: DirtyEntry, ended: Promise<void>) => {
    if (applied.has(keyOf(entry))) return;
    const ofHost = pending.get(entry.host) ?? new Set();
    pending.set(entry.host, ofHost.add(ended));
    void ended.then(() => ofHost.delete(ended));
  };
  const onReconciled = (entry: DirtyEntry, verb: string) => {
    if (verb === 'ensureGroup') applied.add(keyOf(entry));
    if (verb === 'ensureGroupGone') applied.delete(keyOf(entry));
  };
  const whenApplied = async (host: string) => void (await Promise.all(pending.get(host) ?? []));
  return { add, onReconciled, whenApplied };
}
