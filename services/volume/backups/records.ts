/** A backup as a text, with which another cloud that has the same store can give it back. */

import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { reserveBackupQuota } from '../quotas/operations.ts';
import { importBackup as importing } from '../workflows/backups.ts';
import { type Backup, backupRows } from './resource.ts';

export interface BackupRecord {
  readonly backup_service: string;
  readonly backup_url: string;
}

/** Clients take what begins as in Cinder for a driver of backups. */
const serviceName = 'cinder.backup.drivers.wattle';
const exported = [
  'id',
  'name',
  'description',
  'metadata',
  'volumeId',
  'snapshotId',
  'sizeGb',
  'objectCount',
  'container',
  'storedAs',
  'zone',
  'ofVolume',
  'dataAt',
] as const;

export function exportBackup(backup: Backup): BackupRecord {
  if (backup.status !== 'available')
    throw badRequest(`Invalid backup: Backup status must be available and not ${backup.status}.`);
  if (backup.encryptionKeyId !== null)
    throw badRequest(`Invalid backup: Backup ${backup.id} is encrypted, and its key does not leave this cloud.`);
  const known = Object.fromEntries(exported.map((name) => [name, backup[name]]));
  return { backup_service: serviceName, backup_url: Buffer.from(JSON.stringify(known)).toString('base64') };
}

/** The backup is available once a storage host has found its data. An incremental one brings its whole list of chunks. */
export async function importBackup({ db, bus }: Volumes, caller: Caller, record: BackupRecord): Promise<Backup> {
  const known = parse(record);
  const projectId = projectOf(caller);
  const row = await db.transaction(async (tx) => {
    if (await backupRows.find(tx, { id: known.id }))
      throw badRequest('Invalid backup: Backup already exists in database.');
    await reserveBackupQuota(tx, projectId, known.sizeGb);
    const taskId = await enqueue(tx, importing, { backupId: known.id }, caller.requestId);
    const imported: Backup = { ...empty, ...known, projectId, userId: caller.userId, taskId, createdAt: Date.now() };
    await backupRows.insert(tx, imported);
    return imported;
  });
  bus.notify(tasksWait);
  return row;
}

type Known = Pick<Backup, (typeof exported)[number]>;

const empty = {
  status: 'creating',
  parentId: null,
  restoringId: null,
  encryptionKeyId: null,
  host: null,
  failReason: null,
  updatedAt: null,
} as const;

const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const isText = (value: unknown) => value === null || (typeof value === 'string' && value.length <= 255);
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31;
const isId = (value: unknown) => typeof value === 'string' && uuid.test(value);

const checks: Readonly<Record<(typeof exported)[number], (value: unknown) => boolean>> = {
  id: isId,
  name: isText,
  description: isText,
  metadata: isTexts,
  volumeId: isId,
  snapshotId: (value) => value === null || isId(value),
  sizeGb: (value) => isCount(value) && Number(value) > 0,
  objectCount: isCount,
  container: (value) => typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(value),
  storedAs: isId,
  zone: isText,
  ofVolume: (value) => isObject(value) && typeof value.bootable === 'boolean' && isOptionalTexts(value.imageMetadata),
  dataAt: (value) => Number.isSafeInteger(value),
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
function isTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string' && each.length <= 255);
}
const isOptionalTexts = (value: unknown) => value === null || isTexts(value);

function parse({ backup_service: service, backup_url: url }: BackupRecord): Known {
  if (service !== serviceName)
    throw badRequest(`Invalid input received: Backups of ${service} cannot be imported, only those of ${serviceName}.`);
  const read = jsonOf(Buffer.from(url, 'base64').toString());
  const wrong = isObject(read) ? exported.find((name) => !checks[name](read[name])) : 'all';
  if (!isObject(read) || wrong !== undefined)
    throw badRequest(`Invalid input received: Can't parse backup record: its field ${wrong} is wrong.`);
  return Object.fromEntries(exported.map((name) => [name, read[name]])) as Known;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
