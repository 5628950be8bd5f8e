/** Deletes tombstones that are older than `reclaimHours`, when no replica can bring the object back. */
import { dirname } from 'node:path';
import type { FileDatabase } from '#shared/db/file.ts';
import { timestampOf } from '#shared/ring/timestamp.ts';
import { diskOf, reclaimBefore } from '../context.ts';
import { databaseKinds, everythingOn, type Place } from '../drivers/device.ts';
import { reportKey } from '../listings/report.ts';
import { forgetGone, forgetRemoved, infoOf, isGone } from '../listings/store.ts';
import { removeEmpty } from '../objects/hashes.ts';
import type { AgentWorld } from './answers.ts';

export function reclaim(context: AgentWorld, device: string): void {
  const disk = diskOf(context, device);
  if (!disk) return;
  for (const place of everythingOn(disk, databaseKinds)) reclaimDatabase(context, place);
}

function reclaimDatabase(context: AgentWorld, place: Place): void {
  const before = timestampOf(reclaimBefore(context));
  const db = context.databases.find(place);
  if (!db) return;
  const forget = () => [forgetGone(db, before), forgetRemoved(db, before)].some(Boolean);
  if (db.transaction(forget, { durable: false })) context.databases.touch(place);
  if (isForgotten(context, db)) removeDatabase(context, place);
}

export function removeDatabase({ databases, unreported }: AgentWorld, place: Place): void {
  databases.remove(place);
  unreported.delete(reportKey(place));
  removeEmpty(dirname(place.directory), 2);
}

/** Whether a database is obsolete: a container deleted long ago, or an account without containers and metadata for long. */
export function isForgotten(context: AgentWorld, db: FileDatabase): boolean {
  const before = timestampOf(reclaimBefore(context));
  const info = infoOf(db);
  if (!info || db.row('SELECT name FROM entries WHERE deleted = 0 OR timestamp >= ? LIMIT 1', before)) return false;
  if (info.path.length > 1) return isGone(info) && info.removed < before;
  const said = Object.values(info.metadata).some(([value, timestamp]) => value !== '' || timestamp >= before);
  return info.put < before && !said;
}
