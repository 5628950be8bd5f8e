/** The JSON that replicas exchange, validated whole before it is used. */
import type { Entry } from '#shared/contracts/object-entry.ts';
import {
  entryFrom,
  fieldsOf,
  isCount,
  isHash,
  isId,
  isPath,
  isSuffix,
  isTimestamp,
  jsonFrom,
  Malformed,
} from '#shared/ring/grammar.ts';
import { type Info, isKept, type Metadata } from '../listings/store.ts';

/** Partition, suffix or hash -> digest of its content. */
export type Digests = Readonly<Record<string, string>>;

/** The files of each object with a suffix: hash -> timestamps. */
export type Holdings = Readonly<Record<string, { data?: string; meta?: string; gone?: string }>>;

/** What one replica of a database sends another. */
export interface Push {
  readonly info: Pick<Info, 'id' | 'path' | 'put' | 'removed' | 'metadata' | 'created'>;
  readonly entries: readonly Entry[];
  /** The sender's sequence number of the last of them. */
  readonly seq: number;
}

export const pageSize = 1000;

/** Each throws Malformed. */
export function digestsFrom(body: unknown, isKey: (key: string) => boolean): Digests {
  const digests = fieldsOf(jsonFrom(body), 'digests');
  for (const [key, digest] of Object.entries(digests)) if (!isKey(key) || !isHash(digest)) throw new Malformed(key);
  return digests as Digests;
}

export const isPlaceName = (key: string): boolean => isHash(key) || isSuffix(key);

export function partitionsFrom(body: unknown): number[] {
  const found = jsonFrom(body);
  if (!Array.isArray(found) || !found.every(isCount)) throw new Malformed('partitions');
  return found;
}

export function holdingsFrom(body: unknown): Holdings {
  const holdings = fieldsOf(jsonFrom(body), 'holdings');
  for (const [hash, files] of Object.entries(holdings)) {
    if (!isHash(hash)) throw new Malformed(hash);
    for (const [name, at] of Object.entries(fieldsOf(files, hash)))
      if (!['data', 'meta', 'gone'].includes(name) || !isTimestamp(at)) throw new Malformed(hash);
  }
  return holdings as Holdings;
}

export function seqFrom(body: unknown): number {
  const { seq } = fieldsOf(jsonFrom(body), 'seq');
  if (!isCount(seq)) throw new Malformed('seq');
  return seq;
}

export function pushFrom(body: unknown): Push {
  const { info, entries, seq } = fieldsOf(jsonFrom(body), 'push');
  if (!Array.isArray(entries) || entries.length > pageSize || !isCount(seq)) throw new Malformed('entries');
  return { info: infoFrom(info), entries: entries.map(entryFrom), seq };
}

function infoFrom(value: unknown): Push['info'] {
  const { id, path, put, removed, created, metadata } = fieldsOf(value, 'info');
  if (!isId(id) || !isPath(path) || !isTimestamp(put) || !isTimestamp(created)) throw new Malformed('info');
  if (removed !== '' && !isTimestamp(removed)) throw new Malformed('removed');
  return { id, path, put, removed, created, metadata: metadataFrom(metadata) };
}

function metadataFrom(value: unknown): Metadata {
  const metadata = fieldsOf(value, 'metadata');
  for (const [name, pair] of Object.entries(metadata)) {
    const [word, at, ...more] = Array.isArray(pair) ? pair : [];
    if (!isKept(name) || typeof word !== 'string' || !isTimestamp(at) || more.length > 0) throw new Malformed(name);
  }
  return metadata as Metadata;
}
