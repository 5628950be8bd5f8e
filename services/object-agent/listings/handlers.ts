/** The calls for accounts and containers, which differ in what they list and in the names of their headers. */
import type { AgentAnswer, AgentCall, Headers } from '#shared/contracts/object-agent.ts';
import type { FileDatabase } from '#shared/db/file.ts';
import { depths, entryFrom, jsonFrom } from '#shared/ring/grammar.ts';
import { answer, jsonAnswer, placeAt } from '../context.ts';
import type { Disk, Place } from '../drivers/device.ts';
import { auditDatabase, isBroken } from './audit.ts';
import { problemOf } from './limits.ts';
import { type ListingContext, report, reportLater } from './report.ts';
import { type Info, infoOf, insertInfo, isGone, isKept, list, type Metadata, mergeInfo, type Wanted } from './store.ts';

export async function handleListing(context: ListingContext, disk: Disk, call: AgentCall): Promise<AgentAnswer> {
  const path = call.path.slice(0, depths[call.kind]);
  const place = placeAt(context, disk, call.kind, path);
  try {
    return await handle(context, place, path.length, call);
  } catch (error) {
    if (isBroken(error)) auditDatabase(context, place);
    throw error;
  }
}

async function handle(context: ListingContext, place: Place, own: number, call: AgentCall): Promise<AgentAnswer> {
  if (call.path.length > own) return putEntry(context, place, call);
  if (call.method === 'PUT') return put(context, place, call);
  const db = context.databases.find(place);
  const info = db && infoOf(db);
  if (!info || isGone(info)) return answer(404, info ? { 'x-backend-timestamp': info.removed } : {});
  if (call.method === 'POST') return post(context, place, db, call);
  if (call.method === 'DELETE') return remove(context, place, db, info, call);
  if (call.method === 'HEAD') return answer(204, headersOf(place, db, info));
  return jsonAnswer(list(db, wantedOf(call.query ?? {})), headersOf(place, db, info));
}

/** Creates it, also after a deletion, and sets its metadata. 201 when it was created, 202 when it existed. */
async function put(context: ListingContext, place: Place, { headers, path }: AgentCall): Promise<AgentAnswer> {
  const { timestamp, metadata, refused } = changeIn(place, context.databases.info(place), headers);
  if (refused) return refused;
  const db = context.databases.ensure(place);
  const made = db.transaction(() => {
    const before = infoOf(db);
    if (!before) insertInfo(db, path, timestamp);
    mergeInfo(db, { put: timestamp, metadata });
    return !before || isGone(before);
  });
  await changed(context, place, headers);
  return answer(made ? 201 : 202);
}

async function post(
  context: ListingContext,
  place: Place,
  db: FileDatabase,
  { headers }: AgentCall,
): Promise<AgentAnswer> {
  const { timestamp, metadata, refused } = changeIn(place, infoOf(db), headers);
  if (refused) return refused;
  db.transaction(() => mergeInfo(db, { put: timestamp, metadata }));
  context.databases.touch(place);
  if (place.kind === 'container') reportLater(context, place);
  return answer(204);
}

/** The metadata is deleted too, so that a new one of the same name does not get its ACL. */
async function remove(
  context: ListingContext,
  place: Place,
  db: FileDatabase,
  info: Info,
  { headers }: AgentCall,
): Promise<AgentAnswer> {
  const timestamp = timestampOf(headers);
  if (info.count > 0 || timestamp <= info.put) return answer(409);
  const cleared = Object.keys(info.metadata).map((name): [string, [string, string]] => [name, ['', timestamp]]);
  db.transaction(() => mergeInfo(db, { removed: timestamp, metadata: Object.fromEntries(cleared) }));
  await changed(context, place, headers);
  return answer(204);
}

async function changed(context: ListingContext, place: Place, headers: Headers): Promise<void> {
  context.databases.touch(place);
  if (place.kind !== 'container') return;
  const replicas = headers['x-account-replicas']?.split(',').filter(Boolean).map(Number);
  await report(context, place, replicas);
}

/**
 * Writes the entry of an object in its container, or of a container in its account. A container that was deleted meanwhile
 * is restored by the entry, so that no accepted object is lost.
 */
async function putEntry(context: ListingContext, place: Place, { path, body }: AgentCall): Promise<AgentAnswer> {
  const known = await context.entries.put(place, path, entryFrom(jsonFrom(body)));
  if (known && place.kind === 'container') reportLater(context, place);
  return answer(known ? 201 : 404);
}

const timestampOf = (headers: Headers): string => headers['x-timestamp'] ?? '';

/** The metadata that a request sets, or its refusal. */
function changeIn({ kind }: Place, before: Info | undefined, headers: Headers) {
  const timestamp = timestampOf(headers);
  const kept = Object.entries(headers).filter(([name]) => isKept(name));
  const metadata: Metadata = Object.fromEntries(kept.map(([name, value]) => [name, [value, timestamp]]));
  const problem = problemOf(kind, before?.metadata ?? {}, metadata);
  return { timestamp, metadata, refused: problem && answer(400, { 'x-backend-problem': problem }) };
}

function headersOf({ kind }: Place, db: FileDatabase, info: Info): Headers {
  const set = Object.entries(info.metadata).flatMap(([name, [value]]) => (value === '' ? [] : [[name, value]]));
  const times = { 'x-timestamp': info.created, 'x-put-timestamp': info.put };
  return { ...Object.fromEntries(set), ...times, ...(kind === 'account' ? accountCounters(db, info) : counters(info)) };
}

const counters = ({ count, bytes }: Info) => ({
  'x-container-object-count': String(count),
  'x-container-bytes-used': String(bytes),
});

function accountCounters(db: FileDatabase, { count, bytes }: Info): Headers {
  const objects = db.row<{ sum: number | null }>('SELECT sum(count) AS sum FROM entries WHERE deleted = 0')?.sum ?? 0;
  return {
    'x-account-container-count': String(count),
    'x-account-object-count': String(objects),
    'x-account-bytes-used': String(bytes),
  };
}

function wantedOf(query: Headers): Wanted {
  const { prefix = '', delimiter = '', marker = '', end_marker: endMarker = '', limit = '10000', path } = query;
  const page = { marker, endMarker, limit: Number(limit), reverse: query.reverse === 'true' };
  if (path === undefined) return { ...page, prefix, delimiter, subdirs: true };
  return { ...page, prefix: path && !path.endsWith('/') ? `${path}/` : path, delimiter: '/', subdirs: false };
}
