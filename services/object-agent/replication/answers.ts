/** The answers to a peer's replication: which partitions differ, then the exact content. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { AgentAnswer, AgentCall, Kind } from '#shared/contracts/object-agent.ts';
import { isPartition, Malformed } from '#shared/ring/grammar.ts';
import { placeOf } from '#shared/ring/ring.ts';
import { answer, jsonAnswer } from '../context.ts';
import { type Disk, hashesIn, type Partition, type Place, partitionsOf, placeIn } from '../drivers/device.ts';
import { type ListingContext, reportLater } from '../listings/report.ts';
import { heardFrom, infoOf, insertInfo, mergeEntry, mergeInfo, setHeard } from '../listings/store.ts';
import type { ObjectContext } from '../objects/announce.ts';
import { digestOf } from '../objects/hashes.ts';
import { announceState } from '../objects/recover.ts';
import { filesIn } from '../objects/store.ts';
import { type Digests, digestsFrom, type Holdings, type Push, pushFrom } from './peer-json.ts';
import { stateOf } from './state.ts';

export type AgentWorld = ObjectContext & ListingContext;

/** Objects: suffix -> hash of its files. Databases: hash -> digest. */
const contentOf = ({ hashes, databases }: AgentWorld, at: Partition): ReadonlyMap<string, string> =>
  at.kind === 'object' ? hashes.suffixes(at) : databases.digests(at);

export const partitionDigest = (context: AgentWorld, at: Partition): string => digestOf(contentOf(context, at));

export async function answerPeer(context: AgentWorld, disk: Disk, call: AgentCall): Promise<AgentAnswer> {
  const { kind, partition, query = {}, body } = call;
  const { ask, hash = '', suffix = '' } = query;
  const at = { disk, kind, partition };
  if (ask === 'differing') return jsonAnswer(await differing(context, disk, kind, digestsOf(context, body)));
  if (ask === 'digests') return jsonAnswer(await heldDigests(context, disk, kind));
  if (ask === 'state') return jsonAnswer(stateOf(context, disk));
  if (ask === 'hashes') return jsonAnswer(Object.fromEntries(contentOf(context, at)));
  if (ask === 'holdings') return jsonAnswer(holdingsOf(at, suffix));
  if (hash === '') return answer(400);
  const place = placeIn(at, hash);
  if (ask === 'announce') return announce(context, place, query.replicas);
  if (ask === 'heard') return jsonAnswer({ seq: heard(context, place, query.id ?? '') });
  if (ask === 'push') return take(context, place, pushFrom(body));
  return answer(400);
}

const digestsOf = ({ ring }: AgentWorld, body: unknown): Digests =>
  digestsFrom(body, (key) => /^\d{1,7}$/.test(key) && isPartition(ring, Number(key)));

async function differing(context: AgentWorld, disk: Disk, kind: Kind, theirs: Digests): Promise<number[]> {
  const found: number[] = [];
  for (const [partition, digest] of Object.entries(theirs)) {
    await breathe(); // what is not known yet is read from the disk
    const at = { disk, kind, partition: Number(partition) };
    if (partitionDigest(context, at) !== digest) found.push(at.partition);
  }
  return found;
}

/** Of every partition that has data here. */
async function heldDigests(context: AgentWorld, disk: Disk, kind: Kind): Promise<Digests> {
  const found: Record<string, string> = {};
  for (const at of partitionsOf(disk, kind)) {
    await breathe();
    const content = contentOf(context, at);
    if (content.size > 0) found[at.partition] = digestOf(content);
  }
  return found;
}

/** Announces an object to replicas of the container, for a proxy whose device for that has failed. */
async function announce(context: AgentWorld, place: Place, replicas = ''): Promise<AgentAnswer> {
  await announceState(context, place, replicas);
  return answer(200);
}

function holdingsOf(at: Partition, suffix: string): Holdings {
  const found = suffix ? [...hashesIn({ ...at, kind: 'object' }, [suffix])] : [];
  return Object.fromEntries(
    found.map(({ hash, directory }) => {
      const { obsolete: _, ...files } = filesIn(directory);
      return [hash, files];
    }),
  );
}

function heard({ databases }: AgentWorld, place: Place, id: string): number {
  const db = databases.info(place) && databases.find(place);
  return db ? heardFrom(db, id) : 0;
}

/** Merges the changes and their sequence number in one transaction. A peer may send only entries of this database. */
function take(context: AgentWorld, place: Place, { info, entries, seq }: Push): AgentAnswer {
  if (placeOf(context.ring, ...info.path).hash !== place.hash) throw new Malformed('info.path');
  const db = context.databases.ensure(place);
  db.transaction(() => {
    if (!infoOf(db)) insertInfo(db, info.path, info.created);
    mergeInfo(db, info);
    for (const entry of entries) mergeEntry(db, entry);
    setHeard(db, info.id, seq);
  });
  context.databases.touch(place);
  if (place.kind === 'container') reportLater(context, place);
  return answer(200);
}
