/** Replication of databases: pushes the changes that a peer does not have. */
import type { Device } from '#shared/ring/ring.ts';
import { type Partition, type Place, placeIn } from '../drivers/device.ts';
import { report } from '../listings/report.ts';
import { changesAfter, infoOf } from '../listings/store.ts';
import type { AgentWorld } from './answers.ts';
import { type Digests, type Push, pageSize, seqFrom } from './peer-json.ts';
import { askPeer } from './peers.ts';
import { isForgotten, removeDatabase } from './reclaim.ts';

export async function pushDatabases(
  context: AgentWorld,
  partition: Partition,
  peer: Device,
  theirs: Digests,
): Promise<void> {
  for (const [hash, digest] of context.databases.digests(partition))
    if (theirs[hash] !== digest) await pushDatabase(context, placeIn(partition, hash), peer);
}

/** Returns whether the peer has all changes. A database that the peer does not have is sent from the first change. */
async function pushDatabase(context: AgentWorld, place: Place, peer: Device): Promise<boolean> {
  const ours = context.databases.find(place);
  const info = ours && infoOf(ours);
  if (!info || isForgotten(context, ours)) return true;
  const at = { kind: place.kind, partition: place.partition };
  const asked = { ...at, query: { ask: 'heard', hash: place.hash, id: info.id } };
  let seq = await askPeer(context, peer, asked, seqFrom);
  if (seq === undefined) return false;
  for (;;) {
    const db = context.databases.find(place);
    if (!db) return true;
    const changes = changesAfter(db, seq, pageSize);
    const push: Push = { info, ...changes };
    const body = Buffer.from(JSON.stringify(push));
    const sent = await askPeer(context, peer, { ...at, query: { ask: 'push', hash: place.hash }, body }, () => true);
    if (!sent) return false;
    if (changes.entries.length < pageSize) return true;
    seq = changes.seq;
  }
}

/** Pushes a database of a handoff to its primaries, and deletes it then. */
export async function handOver(context: AgentWorld, partition: Partition, primaries: readonly Device[]): Promise<void> {
  for (const hash of context.databases.digests(partition).keys()) {
    const place = placeIn(partition, hash);
    const before = context.databases.info(place);
    if (place.kind === 'container') await report(context, place);
    const given = await Promise.all(primaries.map((peer) => pushDatabase(context, place, peer)));
    const now = context.databases.info(place);
    const isSame = before?.seq === now?.seq && before?.removed === now?.removed && before?.put === now?.put;
    if (given.every(Boolean) && isSame) removeDatabase(context, place);
  }
}
