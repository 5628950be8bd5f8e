/** Exports volumes as iSCSI targets: one per volume, for named initiators with a CHAP account each. */
import { join, resolve, sep } from 'node:path';
import { every } from '#shared/clock/every.ts';
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
import { chapSecret, chapUser, requireIscsiName, requireName, resourceId } from '#shared/contracts/grammar.ts';
import type { GrantSpec, Target as Reached } from '#shared/contracts/volume-agent.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';
import type { Exporter } from '../driver.ts';
import { type Daemon, type DaemonOptions, daemonOf, stopDaemon } from './daemon.ts';
import { type ExportRecord, openRecords, type Records } from './records.ts';
import { refusal, TgtRefused } from './socket.ts';
import { configureTarget, createTarget, removeTarget } from './targets.ts';

/** The same name as in Cinder. */
const iqnOf = (volumeId: string): string => `iqn.2010-10.org.openstack:volume-${volumeId}`;

interface TgtOptions extends DaemonOptions {
  readonly log: Log;
  /** How often to check that tgtd is running. */
  readonly watchMs: number;
  /** The directory of what may be exported, files or devices; that of tgtd unless told. */
  readonly below?: string;
}

interface Parts {
  readonly daemon: Daemon;
  readonly records: Records;
  readonly log: Log;
  readonly below: string;
  /** Volumes whose export failed and was logged. */
  readonly failing: Set<string>;
}

export async function openTgt({ log, watchMs, below, ...options }: TgtOptions): Promise<Exporter> {
  const records = await openRecords(join(options.directory, 'exports'));
  const parts: Parts = {
    daemon: daemonOf(options),
    records,
    log,
    below: below ?? options.directory,
    failing: new Set(),
  };
  const queue = keyedQueue();
  /** One change at a time: concurrent changes of a target would see each other's intermediate states. */
  const serialized = <T>(work: () => Promise<T>) => queue('tgtd', work);
  const watchdog = every(
    watchMs,
    () => serialized(() => reapply(parts)),
    (error) => log.error({ error }, 'tgtd cannot be restarted, retrying'),
  );
  await serialized(() => reapply(parts)).catch((error: unknown) =>
    log.error({ error }, 'exports are not applied yet, retrying'),
  );
  return {
    ensureGrant: (spec, path) => serialized(() => ensureGrant(parts, spec, path)),
    ensureGrantGone: ({ id, volumeId }) => serialized(() => keepOnly(parts, volumeId, (grant) => grant.id !== id)),
    ensureClosed: (volumeId) => serialized(() => keepOnly(parts, volumeId, () => false)),
    isExported: async (volumeId) => records.find(volumeId) !== undefined,
    ensureSize: (volumeId, sizeGb) => serialized(() => ensureSize(parts, volumeId, sizeGb)),
    exported: () => records.all().map(({ volumeId }) => volumeId),
    close: watchdog.close,
  };
}

/** Applies every record that the running tgtd does not have. One that fails is retried next time and blocks no other. */
async function reapply(parts: Parts): Promise<void> {
  const { daemon, records, log } = parts;
  if (records.all().length === 0) return;
  if (await daemon.ensureUp())
    log.warn({ exports: records.all().length }, 'tgtd was not running and has been restarted');
  for (const { volumeId, appliedIn } of records.all())
    if (appliedIn !== daemon.instance()) await tryApply(parts, volumeId, ensureApplied(parts, volumeId));
}

/** Logs the first failure of an export; the next run retries it. */
async function tryApply({ failing, log }: Parts, volumeId: string, work: Promise<void>): Promise<void> {
  try {
    await work;
    failing.delete(volumeId);
  } catch (error) {
    if (!failing.has(volumeId)) log.error({ volumeId, error }, 'an export could not be applied, retrying');
    failing.add(volumeId);
  }
}

async function ensureGrant(parts: Parts, spec: GrantSpec, path: string): Promise<Reached> {
  const { daemon, records } = parts;
  const { volumeId } = spec;
  checkGrant(spec);
  checkPath(parts, path);
  refuseForeignAccount(records, spec);
  const former = records.find(volumeId) ?? newRecord(records, volumeId);
  const grants = [...former.grants.filter(({ id }) => id !== spec.id), spec];
  const isKnown = former.grants.some((grant) => isSame(grant, spec)) && former.path === path;
  if (!isKnown) await records.keep({ ...former, path, grants, ended: endedOf(former, grants), appliedIn: null });
  await ensureApplied(parts, volumeId);
  return { portal: daemon.portal, iqn: iqnOf(volumeId), lun: former.lun };
}

/** Returns the LUN that shows this size: another one, unless it was asked for already. */
async function ensureSize(parts: Parts, volumeId: string, sizeGb: number): Promise<number | undefined> {
  const former = parts.records.find(volumeId);
  if (!former) return undefined;
  const record = former.sizeGb === sizeGb ? former : { ...former, sizeGb, lun: former.lun + 1, appliedIn: null };
  if (record !== former) await parts.records.keep(record);
  await ensureApplied(parts, volumeId);
  return record.lun;
}

/** Validates the spec again, independently of the service. */
function checkGrant({ id, volumeId, initiator, user, secret }: GrantSpec): void {
  requireName(resourceId, id, 'the id of an attachment');
  requireName(resourceId, volumeId, 'the id of a volume');
  requireName(chapUser, user, 'the user of a CHAP account');
  requireName(chapSecret, secret, 'the secret of a CHAP account');
  requireIscsiName(initiator, "the connector's initiator");
  requireIscsiName(iqnOf(volumeId), 'the name of the target');
}

function checkPath({ below }: Parts, path: string): void {
  if (!resolve(path).startsWith(below + sep)) throw badRequest('only volumes of this pool are exported');
}

/** tgtd does not reveal passwords, and account names are global: one account belongs to one volume. */
function refuseForeignAccount(records: Records, { user, secret, volumeId }: GrantSpec): void {
  for (const record of records.all())
    for (const known of [...record.grants, ...record.ended].filter((grant) => grant.user === user)) {
      if (record.volumeId !== volumeId) throw conflict(`account ${user} belongs to another volume than ${volumeId}`);
      if (known.secret !== secret) throw conflict(`account ${user} of volume ${volumeId} exists with another secret`);
    }
}

const newRecord = (records: Records, volumeId: string): ExportRecord => ({
  volumeId,
  path: '',
  grants: [],
  tid: records.freeTid(),
  lun: 1,
  sizeGb: null,
  ended: [],
  madeIn: null,
  appliedIn: null,
});

const isSame = (one: GrantSpec, other: GrantSpec): boolean =>
  (['id', 'initiator', 'user', 'secret', 'readOnly'] as const).every((key) => one[key] === other[key]);

/** Former grants that tgtd may still have. */
const endedOf = ({ grants: former, ended }: ExportRecord, grants: readonly GrantSpec[]) =>
  [...ended, ...former].filter((one) => !grants.some((other) => isSame(one, other)));

type GrantFilter = (grant: GrantSpec) => boolean;

/** Deletes the record last, so that a retry still knows what to remove. */
async function keepOnly(parts: Parts, volumeId: string, keeps: GrantFilter): Promise<void> {
  const { daemon, records } = parts;
  const former = records.find(volumeId);
  if (!former) return;
  const grants = former.grants.filter(keeps);
  if (grants.length === 0) {
    if (former.madeIn !== null && former.madeIn === daemon.instance()) await removeTarget(daemon, former);
    return records.drop(volumeId); // deleting needs no space on a full disk
  }
  if (grants.length < former.grants.length)
    await records.keep({ ...former, grants, ended: endedOf(former, grants), appliedIn: null });
  await ensureApplied(parts, volumeId);
}

async function ensureApplied(parts: Parts, volumeId: string): Promise<void> {
  await parts.daemon.ensureUp();
  await apply(parts, volumeId).catch((error: unknown) => {
    const code = error instanceof TgtRefused ? error.code : undefined;
    if (code === refusal.targetExists) return restartDaemon(parts, volumeId);
    if (code === refusal.noTarget) return recreateTarget(parts, volumeId);
    throw error;
  });
}

/** tgtd has a target that no record explains: restarts it and applies all records. */
async function restartDaemon(parts: Parts, volumeId: string): Promise<void> {
  const { daemon, records, log } = parts;
  log.error({ volumeId }, 'tgtd has a target that no record explains and is restarted');
  await stopDaemon(daemon.directory);
  await daemon.ensureUp();
  for (const record of records.all())
    if (record.volumeId !== volumeId) await tryApply(parts, record.volumeId, apply(parts, record.volumeId));
  await apply(parts, volumeId);
}

/** The agent died after it removed a target and before it deleted the record. */
async function recreateTarget(parts: Parts, volumeId: string): Promise<void> {
  const record = parts.records.find(volumeId);
  if (record) await parts.records.keep({ ...record, madeIn: null });
  await apply(parts, volumeId);
}

async function apply({ daemon, records }: Parts, volumeId: string): Promise<void> {
  const instance = daemon.instance();
  const record = records.find(volumeId);
  if (!record || instance === null || record.appliedIn === instance) return;
  if (record.madeIn !== instance) {
    await createTarget(daemon, record.tid, iqnOf(volumeId));
    await records.keep({ ...record, madeIn: instance });
  }
  await configureTarget(daemon, record);
  await records.keep({ ...record, ended: [], madeIn: instance, appliedIn: instance });
}
