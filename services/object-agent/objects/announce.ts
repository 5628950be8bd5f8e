/**
 * Announces a created, changed or deleted object to its container. What a container did not confirm is stored on the device
 * and announced again, until it is confirmed or older than the tombstones.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { type Device, placeOf } from '#shared/ring/ring.ts';
import { secondsOf } from '#shared/ring/timestamp.ts';
import { type AgentContext, diskOf, reclaimBefore, sendEntry } from '../context.ts';
import { type Disk, namesIn } from '../drivers/device.ts';
import { unlink, writeFileSafely } from '../drivers/disk.ts';
import type { Trailer } from '../drivers/trailer.ts';
import type { Hashes } from './hashes.ts';

export interface ObjectContext extends AgentContext {
  readonly hashes: Hashes;
}

interface Changes {
  readonly container: readonly string[];
  readonly entry: Entry;
  /** The replicas of the container that have not confirmed it yet. */
  readonly replicas: readonly number[];
}

const emptyEntry = ([, , name = '']: readonly string[], timestamp: string): Entry => ({
  name,
  timestamp,
  meta: '',
  deleted: false,
  bytes: 0,
  count: 0,
  type: '',
  etag: '',
});

/** A large object counts with the bytes of its segments, and a link as its proxy says. */
const listed = {
  slo: 'x-object-sysmeta-slo-size',
  size: 'x-object-sysmeta-container-update-override-size',
  etag: 'x-object-sysmeta-container-update-override-etag',
} as const;

export const entryOf = ({ path, timestamp, headers, bytes }: Trailer, meta = ''): Entry => {
  const { 'content-type': type = '', etag = '' } = headers;
  const size = headers[listed.size] ?? headers[listed.slo] ?? bytes;
  return { ...emptyEntry(path, timestamp), meta, bytes: Number(size), type, etag: headers[listed.etag] ?? etag };
};

export const goneEntry = (path: readonly string[], timestamp: string): Entry => ({
  ...emptyEntry(path, timestamp),
  deleted: true,
});

/** `replicas`: the numbers of the container's replicas that this device informs, `0,2`. */
export async function announceEntry(
  context: ObjectContext,
  disk: Disk,
  path: readonly string[],
  entry: Entry,
  replicas: string,
): Promise<void> {
  const numbers = replicas.split(',').filter(Boolean).map(Number);
  const changes = { container: path.slice(0, 2), entry, replicas: numbers };
  const unreached = await report(context, changes);
  if (unreached.length > 0) await keep(context, disk, { ...changes, replicas: unreached });
}

export const allReplicas = ({ ring }: AgentContext): string => [...Array(ring.replicas).keys()].join(',');

/** Returns the replicas that did not confirm it. */
const report = (context: AgentContext, { container, entry, replicas }: Changes, away?: Set<Device>) =>
  sendEntry(context, 'container', container, entry, replicas, away);

async function keep({ ring }: AgentContext, disk: Disk, changes: Changes): Promise<void> {
  const { hash } = placeOf(ring, ...changes.container, changes.entry.name);
  const file = join(
    disk.root,
    'async_pending',
    hash.slice(-3),
    `${hash}-${changes.entry.timestamp}${changes.entry.meta}`,
  );
  await unlink(file); // the newer state of the same news
  await unlink(await writeFileSafely(disk.root, file, Buffer.from(JSON.stringify(changes))));
}

/** Announces again what was not confirmed. */
export async function announceAgain(context: ObjectContext, device: string): Promise<void> {
  const disk = diskOf(context, device);
  if (!disk) return;
  const base = join(disk.root, 'async_pending');
  const away = new Set<Device>();
  for (const suffix of namesIn(base))
    for (const name of namesIn(join(base, suffix))) await again(context, disk, join(base, suffix, name), away);
}

async function again(context: ObjectContext, disk: Disk, file: string, away: Set<Device>): Promise<void> {
  const changes = JSON.parse(readFileSync(file, 'utf8')) as Changes;
  const unreached = await report(context, changes, away);
  const old = secondsOf(changes.entry.timestamp) < reclaimBefore(context);
  if (unreached.length === 0 || old) return rmSync(file, { force: true });
  if (unreached.length < changes.replicas.length) await keep(context, disk, { ...changes, replicas: unreached });
}
