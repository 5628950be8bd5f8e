/**
 * The database of one account (its containers) or of one container (its objects): entries with timestamps, merged
 * by the newest timestamp, so that replicas converge in whatever order they get them.
 */
import { hash, randomUUID } from 'node:crypto';
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import { type FileDatabase, openFile } from '#shared/db/file.ts';

/** Header name -> value and when it was set; an empty value for a removed one. */
export type Metadata = Readonly<Record<string, readonly [value: string, timestamp: string]>>;

/** The headers that are stored with an account or a container. */
export const isKept = (name: string): boolean =>
  /^(x-(account|container)-(meta|sysmeta)-.+|x-container-(read|write))$/.test(name);

export interface Info {
  readonly id: string;
  readonly path: readonly string[];
  readonly created: string;
  readonly put: string;
  readonly removed: string;
  readonly metadata: Metadata;
  readonly count: number;
  readonly bytes: number;
  readonly seq: number;
  /** XOR of all entries: equal in replicas with the same content. */
  readonly sum: string;
  /** The last report to the account. */
  readonly reported: string;
}

const schema = `
  CREATE TABLE IF NOT EXISTS info (
    one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, path TEXT NOT NULL, created TEXT NOT NULL,
    put TEXT NOT NULL, removed TEXT NOT NULL, metadata TEXT NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,
    seq INTEGER NOT NULL, sum TEXT NOT NULL, reported TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS entries (
    name TEXT PRIMARY KEY, timestamp TEXT NOT NULL, meta TEXT NOT NULL, deleted INTEGER NOT NULL, bytes INTEGER NOT NULL,
    count INTEGER NOT NULL, type TEXT NOT NULL, etag TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS live_entries ON entries (name) WHERE deleted = 0;
  CREATE INDEX IF NOT EXISTS entries_by_seq ON entries (seq);
  CREATE TABLE IF NOT EXISTS incoming (id TEXT PRIMARY KEY, seq INTEGER NOT NULL);`;

export const openListing = (file: string): FileDatabase => openFile(file, schema);

const columns = 'name, timestamp, meta, deleted, bytes, count, type, etag';
type EntryRow = Omit<Entry, 'deleted'> & { readonly deleted: number };
const entryFrom = (row: EntryRow): Entry => ({ ...row, deleted: row.deleted === 1 });

/** Undefined for a file without its first transaction. */
export function infoOf(db: FileDatabase): Info | undefined {
  const row = db.row<Omit<Info, 'path' | 'metadata'> & { path: string; metadata: string }>('SELECT * FROM info');
  return row && { ...row, path: JSON.parse(row.path), metadata: JSON.parse(row.metadata) };
}

export const hasInfo = (db: FileDatabase): boolean => db.row('SELECT one FROM info') !== undefined;

export const isGone = ({ put, removed, count }: Info): boolean => removed > put && count === 0;

export const insertInfo = (db: FileDatabase, path: readonly string[], timestamp: string): void =>
  db.run(
    `INSERT INTO info VALUES (1, ?, ?, ?, ?, '', '{}', 0, 0, 0, ?, '')`,
    randomUUID(),
    JSON.stringify(path),
    timestamp,
    timestamp,
    '0'.repeat(32),
  );

/** Merges times and metadata; the newer ones win. */
export function mergeInfo(db: FileDatabase, { put = '', removed = '', metadata = {} }: Partial<Info>): void {
  const now = infoOf(db);
  if (!now) return;
  const newer = Object.entries(metadata).filter(([name, [, timestamp]]) => timestamp > (now.metadata[name]?.[1] ?? ''));
  const merged = { ...now.metadata, ...Object.fromEntries(newer) };
  const latest = (a: string, b: string) => (a > b ? a : b);
  db.run(
    'UPDATE info SET put = ?, removed = ?, metadata = ?',
    latest(now.put, put),
    latest(now.removed, removed),
    JSON.stringify(merged),
  );
}

export const setReported = (db: FileDatabase, reported: string): void =>
  db.run('UPDATE info SET reported = ?', reported);

/** Newest wins. True when something changed. */
export function mergeEntry(db: FileDatabase, entry: Entry): boolean {
  const before = db.row<EntryRow>(`SELECT ${columns} FROM entries WHERE name = ?`, entry.name);
  if (before && !isNewer(entry, before)) return false;
  const { name, timestamp, meta, deleted, bytes, count, type, etag } = entry;
  const sum = [before, entry].map((each) => (each ? wordOf(each) : 0n)).reduce((a, b) => a ^ b);
  const info = db.row<{ seq: number; sum: string }>('SELECT seq, sum FROM info');
  const seq = (info?.seq ?? 0) + 1;
  db.run(
    `INSERT INTO entries (${columns}, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET timestamp = excluded.timestamp, meta = excluded.meta, deleted = excluded.deleted,
       bytes = excluded.bytes, count = excluded.count, type = excluded.type, etag = excluded.etag, seq = excluded.seq`,
    ...[name, timestamp, meta, deleted ? 1 : 0, bytes, count, type, etag, seq],
  );
  const [alive, was] = [deleted ? 0 : 1, before && before.deleted === 0 ? 1 : 0];
  db.run(
    'UPDATE info SET seq = ?, sum = ?, count = count + ?, bytes = bytes + ?',
    seq,
    (BigInt(`0x${info?.sum || '0'}`) ^ sum).toString(16).padStart(32, '0'),
    alive - was,
    alive * bytes - was * (before?.bytes ?? 0),
  );
  return true;
}

const isNewer = (a: Pick<Entry, 'timestamp' | 'meta'>, b: Pick<Entry, 'timestamp' | 'meta'>) =>
  a.timestamp === b.timestamp ? a.meta > b.meta : a.timestamp > b.timestamp;

function wordOf({ name, timestamp, meta, deleted }: EntryRow | Entry): bigint {
  return BigInt(`0x${hash('md5', `${name}\0${timestamp}\0${meta}\0${Number(deleted)}`)}`);
}

/** The changes after `seq`, oldest first. */
export const changesAfter = (db: FileDatabase, seq: number, limit: number): { entries: Entry[]; seq: number } => {
  const found = db.rows<EntryRow & { seq: number }>(
    `SELECT ${columns}, seq FROM entries WHERE seq > ? ORDER BY seq LIMIT ?`,
    seq,
    limit,
  );
  const entries = found.map(({ seq: _seq, ...row }) => entryFrom(row));
  return { entries, seq: found.at(-1)?.seq ?? seq };
};

/** The sequence number up to which the changes of another replica are known. */
export const heardFrom = (db: FileDatabase, id: string): number =>
  db.row<{ seq: number }>('SELECT seq FROM incoming WHERE id = ?', id)?.seq ?? 0;

export const setHeard = (db: FileDatabase, id: string, seq: number): void =>
  db.run('INSERT INTO incoming VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seq = max(seq, excluded.seq)', id, seq);

/** Deletes tombstones before a timestamp. Returns whether there were any. */
export function forgetGone(db: FileDatabase, before: string): boolean {
  const old = db.rows<EntryRow>(`SELECT ${columns} FROM entries WHERE deleted = 1 AND timestamp < ?`, before);
  if (old.length === 0) return false;
  const info = db.row<{ sum: string }>('SELECT sum FROM info');
  const sum = old.map(wordOf).reduce((a, b) => a ^ b, BigInt(`0x${info?.sum || '0'}`));
  db.run('DELETE FROM entries WHERE deleted = 1 AND timestamp < ?', before);
  db.run('UPDATE info SET sum = ?', sum.toString(16).padStart(32, '0'));
  return true;
}

/** Deletes removed metadata before a timestamp. Returns whether there was any. */
export function forgetRemoved(db: FileDatabase, before: string): boolean {
  const { metadata = {} } = infoOf(db) ?? {};
  const kept = Object.entries(metadata).filter(([, [value, timestamp]]) => value !== '' || timestamp >= before);
  if (kept.length === Object.keys(metadata).length) return false;
  db.run('UPDATE info SET metadata = ?', JSON.stringify(Object.fromEntries(kept)));
  return true;
}

export interface Wanted {
  readonly prefix: string;
  readonly delimiter: string;
  /** Names after it, in the requested order. */
  readonly marker: string;
  readonly endMarker: string;
  readonly limit: number;
  readonly reverse: boolean;
  /** False for `path=`: common prefixes are omitted. */
  readonly subdirs: boolean;
}

/** One page: entries in the order of their names, with one item for all that have a common prefix up to the delimiter. */
export function list(db: FileDatabase, wanted: Wanted): Listed[] {
  const { prefix, delimiter, limit } = wanted;
  const page: Listed[] = [];
  let bounds = boundsOf(wanted);
  while (page.length < limit) {
    const found = select(db, bounds, wanted.reverse, Math.min(limit - page.length, delimiter ? 200 : limit));
    let skipped: string | undefined;
    for (const entry of found) {
      if (page.length === limit) break;
      const cut = delimiter ? entry.name.indexOf(delimiter, prefix.length) : -1;
      if (cut < 0) page.push(entry);
      else {
        skipped = entry.name.slice(0, cut + delimiter.length);
        if (wanted.subdirs && skipped !== wanted.marker) page.push({ subdir: skipped });
        break;
      }
    }
    const last = found.at(-1);
    if (skipped !== undefined) bounds = past(bounds, skipped, wanted.reverse);
    else if (last && delimiter && page.length < limit) bounds = after(bounds, last.name, wanted.reverse);
    else break;
  }
  return page;
}

/** Names between these; `from` itself belongs to it when `inclusive`. */
interface Bounds {
  readonly above: string;
  readonly aboveInclusive: boolean;
  /** Empty: no end. */
  readonly below: string;
}

function boundsOf({ prefix, marker, endMarker, reverse }: Wanted): Bounds {
  const [low, high] = reverse ? [endMarker, marker] : [marker, endMarker];
  const byPrefix = isBefore(low, prefix);
  const end = prefix ? following(prefix) : '';
  const below = high && (!end || isBefore(high, end)) ? high : end;
  return { above: byPrefix ? prefix : low, aboveInclusive: byPrefix, below };
}

/** As sqlite compares: by bytes. */
const isBefore = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;

/** The first text that is after all that begin with this one. */
const following = (text: string): string => {
  const points = [...text];
  const last = points.pop()?.codePointAt(0) ?? 0;
  const next = last === 0xd7ff ? 0xe000 : last + 1;
  return next > 0x10ffff ? '' : points.join('') + String.fromCodePoint(next);
};

const past = (bounds: Bounds, subdir: string, reverse: boolean): Bounds =>
  reverse ? { ...bounds, below: subdir } : { ...bounds, above: following(subdir), aboveInclusive: true };
const after = (bounds: Bounds, name: string, reverse: boolean): Bounds =>
  reverse ? { ...bounds, below: name } : { ...bounds, above: name, aboveInclusive: false };

function select(db: FileDatabase, { above, aboveInclusive, below }: Bounds, reverse: boolean, limit: number): Entry[] {
  const sql = `SELECT ${columns} FROM entries WHERE deleted = 0 AND name ${aboveInclusive ? '>=' : '>'} ?
               ${below ? 'AND name < ?' : ''} ORDER BY name ${reverse ? 'DESC' : 'ASC'} LIMIT ?`;
  const values = below ? [above, below, limit] : [above, limit];
  return db.rows<EntryRow>(sql, ...values).map(entryFrom);
}
