/**
 * Reservations of uploads within quotas: uploads in progress count in addition to the usage of account and container, so
 * that concurrent uploads and those of unknown length stay within a quota. Uploads through other proxies count when they
 * have ended, as in Swift.
 */
import { Lru } from '#shared/clock/lru.ts';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { ObjectStore, Quota, Quotas } from '../context.ts';
import { hiddenCounters, versionedAccount, versioningHeader } from '../objects/versions.ts';
import { accountInfo, containerInfo } from '../requests/authorize.ts';
import { refuse } from '../requests/refusals.ts';
import type { ObjectPath, ObjectRequest } from '../requests/request.ts';
import { isLimited, quotaOfAccount, quotaOfContainer } from './settings.ts';

/** How long "no quota" is cached, for which another proxy's change is not seen. */
const believedMs = 5_000;

export function openQuotas(): Quotas {
  const unlimited = new Lru<number>(10_000);
  return { ledgers: new Map(), unlimited, forget: (account) => unlimited.set(account, 0) };
}

export interface Reservation {
  /** Reserves bytes beyond the announced length. Throws 413. */
  grow(bytes: number): void;
  release(): void;
}

interface Limit {
  readonly key: string;
  readonly quota: Quota;
  readonly used: Quota;
}

const none: Quota = { bytes: 0, count: 0 };
const empty = { now: none, ended: none, askers: 0 };
const sum = (a: Quota, b: Quota): Quota => ({ bytes: a.bytes + b.bytes, count: a.count + b.count });
const less = ({ bytes, count }: Quota): Quota => ({ bytes: -bytes, count: -count });

function change({ ledgers }: Quotas, key: string, update: (ledger: typeof empty) => typeof empty): void {
  const next = update(ledgers.get(key) ?? empty);
  if (next.now.count > 0 || next.askers > 0) ledgers.set(key, next);
  else ledgers.delete(key);
}

/** Reserves the length of an upload, undefined when it is unknown. Throws 413. The caller must release the reservation. */
export async function reserve(
  request: ObjectRequest,
  container: Headers,
  length: number | undefined,
): Promise<Reservation> {
  const limits = [...(await containerLimit(request, container)), ...(await accountLimit(request))];
  const { quotas } = request.store;
  let taken = none;
  const take = (more: Quota) => {
    for (const { key, quota, used } of limits) {
      const all = sum(sum(used, quotas.ledgers.get(key)?.now ?? none), more);
      if (all.bytes > quota.bytes || all.count > quota.count) throw refuse(413, 'Upload exceeds quota.');
    }
    taken = sum(taken, more);
    for (const { key } of limits) change(quotas, key, (ledger) => ({ ...ledger, now: sum(ledger.now, more) }));
  };
  const release = () => {
    for (const { key } of limits)
      change(quotas, key, (ledger) => ({
        ...ledger,
        now: sum(ledger.now, less(taken)),
        ended: ledger.askers > 0 ? sum(ledger.ended, taken) : none,
      }));
  };
  take({ bytes: length ?? 0, count: 1 });
  return { grow: (bytes) => take({ bytes, count: 0 }), release };
}

/** The usage, with uploads that ended during the query, which it may not include. */
async function usedOf(quotas: Quotas, key: string, ask: () => Promise<Quota>): Promise<Quota> {
  change(quotas, key, (ledger) => ({ ...ledger, askers: ledger.askers + 1 }));
  const before = quotas.ledgers.get(key)?.ended ?? none;
  try {
    const used = await ask();
    return sum(used, sum(quotas.ledgers.get(key)?.ended ?? none, less(before)));
  } finally {
    change(quotas, key, (ledger) => ({ ...ledger, askers: ledger.askers - 1 }));
  }
}

const counted = (info: Headers, kind: 'account' | 'container'): Quota => ({
  bytes: Number(info[`x-${kind}-bytes-used`] ?? 0),
  count: Number(info[`x-${kind}-object-count`] ?? 0),
});

/** The bytes of versions count; their number does not, since only current objects are seen. */
async function withVersions(
  store: ObjectStore,
  kind: 'account' | 'container',
  target: ObjectPath,
  info: Headers,
  versions: string | undefined,
): Promise<Quota> {
  const own = counted(info, kind);
  const hidden = versions === undefined ? undefined : await hiddenCounters(store, kind, target);
  return hidden ? sum(own, { bytes: counted(hidden, kind).bytes, count: 0 }) : own;
}

async function containerLimit({ store, target }: ObjectRequest, info: Headers): Promise<Limit[]> {
  const quota = quotaOfContainer(info);
  if (!isLimited(quota)) return [];
  const key = `${target.account}/${target.container}`;
  const used = await usedOf(store.quotas, key, async () =>
    withVersions(store, 'container', target, await containerInfo(store, target), info[versioningHeader]),
  );
  return [{ key, quota, used }];
}

/** Resellers are exempt from quotas. */
async function accountLimit({ store, call, target }: ObjectRequest): Promise<Limit[]> {
  const { unlimited } = store.quotas;
  const key = target.account;
  if (call.may('object-store:resell') || (unlimited.get(key) ?? 0) > Date.now()) return [];
  let quota: Quota = { bytes: Infinity, count: Infinity };
  const used = await usedOf(store.quotas, key, async () => {
    const info = await accountInfo(store, target);
    quota = quotaOfAccount(info);
    return withVersions(store, 'account', target, info, info[versionedAccount]);
  });
  if (isLimited(quota)) return [{ key, quota, used }];
  unlimited.set(key, Date.now() + believedMs);
  return [];
}
