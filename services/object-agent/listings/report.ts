/** Reports of containers to their accounts: existence and counters, repeated until the account has confirmed them. */
import type { Entry } from '#shared/contracts/object-entry.ts';
import { nodesOf } from '#shared/ring/ring.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { type AgentContext, diskOf, sendEntry } from '../context.ts';
import type { Place } from '../drivers/device.ts';
import type { Databases } from './databases.ts';
import type { Entries } from './entries.ts';
import { type Info, infoOf, isGone, setReported } from './store.ts';

export interface ListingContext extends AgentContext {
  readonly databases: Databases;
  readonly entries: Entries;
  /** Containers with counters that the account may not have. */
  readonly unreported: Map<string, Place>;
}

export const reportKey = ({ disk, hash }: Place): string => `${disk.name}/${hash}`;
const wordOf = ({ put, removed, count, bytes }: Info) => `${put} ${removed} ${count} ${bytes}`;

export const isReported = (info: Info): boolean => info.reported === wordOf(info);

export function reportLater({ unreported }: ListingContext, place: Place): void {
  unreported.set(reportKey(place), place);
}

/** Reports to the replicas of the account with these numbers; by default to the one with the number of this replica. */
export async function report(context: ListingContext, place: Place, replicas?: readonly number[]): Promise<void> {
  const db = diskOf(context, place.disk.name) && context.databases.find(place);
  const info = db && infoOf(db);
  if (!info || (isReported(info) && !replicas)) return void context.unreported.delete(reportKey(place));
  reportLater(context, place);
  const [account = '', name = ''] = info.path;
  const missed = await sendEntry(
    context,
    'account',
    [account],
    entryOf(name, info),
    replicas ?? ownNumbers(context, place),
  );
  if (missed.length > 0) return;
  setReported(db, wordOf(info));
  const now = infoOf(db);
  if (now && isReported(now)) context.unreported.delete(reportKey(place));
}

/** A handoff has no number, and reports to all replicas. */
function ownNumbers({ ring, address }: AgentContext, { disk, partition }: Place): number[] {
  const { primaries } = nodesOf(ring, partition);
  const own = primaries.findIndex((device) => device.address === address && device.name === disk.name);
  return own >= 0 ? [own] : [...primaries.keys()];
}

const latestOf = ({ put, removed }: Info): string => (put < removed ? removed : put);

const entryOf = (name: string, info: Info): Entry => ({
  name,
  timestamp: latestOf(info),
  meta: newTimestamp(),
  deleted: isGone(info),
  bytes: info.bytes,
  count: info.count,
  type: '',
  etag: '',
});

/** Reports all waiting containers. */
export async function reportAll(context: ListingContext): Promise<void> {
  for (const place of [...context.unreported.values()]) await report(context, place);
}
