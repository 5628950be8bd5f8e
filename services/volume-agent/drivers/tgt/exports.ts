/** Volumes as iSCSI targets: one per volume, LUN 1, open to named initiators with a CHAP account of their own. */
import { join, resolve, sep } from 'node:path';
import { every } from '#shared/clock/every.ts';
import { chapSecret, chapUser, requireIscsiName, requireName, resourceId } from '#shared/contracts/grammar.ts';
import type { GrantSpec, Target as Reached } from '#shared/contracts/volume-agent.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';
import type { Exporter } from '../driver.ts';
import { type Daemon, type DaemonOptions, daemonOf, stopDaemon } from './daemon.ts';
import { type ExportRecord, openRecords, type Records } from './records.ts';
import { refusal, TgtRefused } from './socket.ts';
import { createTarget, fillTarget, lun, removeTarget } from './targets.ts';

/** Cinder's own name, which guests and people may know. */
const iqnOf = (volumeId: string): string => `iqn.2010-10.org.openstack:volume-${volumeId}`;

interface TgtOptions extends DaemonOptions {
  readonly log: Log;
  /** How often to look whether tgtd is still there. */
  readonly watchMs: number;
}

interface Parts {
  readonly daemon: Daemon;
  readonly records: Records;
  readonly log: Log;
  /** Volumes whose export could not be made to stand. */
  readonly failing: Set<string>;
}

export async function openTgt({ log, watchMs, ...options }: TgtOptions): Promise<Exporter> {
  const records = await openRecords(join(options.directory, 'exports'));
  const parts: Parts = { daemon: daemonOf(options), records, log, failing: new Set() };
  const inOrder = oneAtATime();
  const watching = every(
    watchMs,
    () => inOrder(() => reapply(parts)),
    (error) => log.error({ error }, 'tgtd cannot be brought back'),
  );
  await inOrder(() => reapply(parts)).catch((error: unknown) => log.error({ error }, 'exports do not stand yet'));
  return {
    ensureGrant: (spec, path) => inOrder(() => ensureGrant(parts, spec, path)),
    ensureGrantGone: ({ id, volumeId }) => inOrder(() => keepOnly(parts, volumeId, (grant) => grant.id !== id)),
    ensureClosed: (volumeId) => inOrder(() => keepOnly(parts, volumeId, () => false)),
    isExported: async (volumeId) => records.find(volumeId) !== undefined,
    close: watching.close,
  };
}

/** tgtd is asked in order: two that change one target at once would see each other's halves. */
function oneAtATime() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => {});
    return mine;
  };
}

/** All that does not stand in the tgtd that runs. One that cannot is left for the next look and holds up no other. */
async function reapply(parts: Parts): Promise<void> {
  const { daemon, records, log } = parts;
  if (records.all().length === 0) return;
  if (await daemon.ensureUp()) log.warn({ exports: records.all().length }, 'tgtd was gone and serves again');
  for (const { volumeId, appliedIn } of records.all())
    if (appliedIn !== daemon.instance()) await orLater(parts, volumeId, ensureApplied(parts, volumeId));
}

/** Says once that an export does not stand. */
async function orLater({ failing, log }: Parts, volumeId: string, work: Promise<void>): Promise<void> {
  try {
    await work;
    failing.delete(volumeId);
  } catch (error) {
    if (!failing.has(volumeId)) log.error({ volumeId, error }, 'an export does not stand');
    failing.add(volumeId);
  }
}

async function ensureGrant(parts: Parts, spec: GrantSpec, path: string): Promise<Reached> {
  const { daemon, records } = parts;
  const { volumeId } = spec;
  checkGrant(spec);
  checkPath(daemon, path);
  refuseForeignAccount(records, spec);
  const former = records.find(volumeId) ?? newRecord(records, volumeId);
  const grants = [...former.grants.filter(({ id }) => id !== spec.id), spec];
  const isKnown = former.grants.some((grant) => isSame(grant, spec)) && former.path === path;
  if (!isKnown) await records.keep({ ...former, path, grants, ended: endedOf(former, grants), appliedIn: null });
  await ensureApplied(parts, volumeId);
  return { portal: daemon.portal, iqn: iqnOf(volumeId), lun };
}

/** Again at this last hop, whoever wrote the work. */
function checkGrant({ id, volumeId, initiator, user, secret }: GrantSpec): void {
  requireName(resourceId, id, 'the id of an attachment');
  requireName(resourceId, volumeId, 'the id of a volume');
  requireName(chapUser, user, 'the user of a CHAP account');
  requireName(chapSecret, secret, 'the secret of a CHAP account');
  requireIscsiName(initiator, "the connector's initiator");
  requireIscsiName(iqnOf(volumeId), 'the name of the target');
}

function checkPath({ directory }: Daemon, path: string): void {
  if (!resolve(path).startsWith(directory + sep))
    throw badRequest('only what lies below the directory of tgtd is exported');
}

/** tgtd does not tell the password it has, and knows each account once: one account belongs to one volume. */
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
  ended: [],
  madeIn: null,
  appliedIn: null,
});

const isSame = (one: GrantSpec, other: GrantSpec): boolean =>
  (['id', 'initiator', 'user', 'secret', 'readOnly'] as const).every((key) => one[key] === other[key]);

/** What may still stand in tgtd and is no grant any more. */
const endedOf = ({ grants: former, ended }: ExportRecord, grants: readonly GrantSpec[]) =>
  [...ended, ...former].filter((one) => !grants.some((other) => isSame(one, other)));

type Keeps = (grant: GrantSpec) => boolean;

/** The record goes last: until then the next try knows that something is to be taken away. */
async function keepOnly(parts: Parts, volumeId: string, keeps: Keeps): Promise<void> {
  const { daemon, records } = parts;
  const former = records.find(volumeId);
  if (!former) return;
  const grants = former.grants.filter(keeps);
  if (grants.length === 0) {
    if (former.madeIn !== null && former.madeIn === daemon.instance()) await removeTarget(daemon, former);
    return records.drop(volumeId); // a full disk has no room for another record
  }
  if (grants.length < former.grants.length)
    await records.keep({ ...former, grants, ended: endedOf(former, grants), appliedIn: null });
  await ensureApplied(parts, volumeId);
}

async function ensureApplied(parts: Parts, volumeId: string): Promise<void> {
  await parts.daemon.ensureUp();
  await apply(parts, volumeId).catch((error: unknown) => {
    const code = error instanceof TgtRefused ? error.code : undefined;
    if (code === refusal.targetExists) return startAnew(parts, volumeId);
    if (code === refusal.noTarget) return makeAgain(parts, volumeId);
    throw error;
  });
}

/** A tgtd with a target that no record explains is not guessed about: another one gets what the records say. */
async function startAnew(parts: Parts, volumeId: string): Promise<void> {
  const { daemon, records, log } = parts;
  log.error({ volumeId }, 'tgtd has a target that no record explains: it starts anew');
  await stopDaemon(daemon.directory);
  await daemon.ensureUp();
  for (const record of records.all())
    if (record.volumeId !== volumeId) await orLater(parts, record.volumeId, apply(parts, record.volumeId));
  await apply(parts, volumeId);
}

/** An agent that died between the end of a target and that of its record. */
async function makeAgain(parts: Parts, volumeId: string): Promise<void> {
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
  await fillTarget(daemon, record);
  await records.keep({ ...record, ended: [], madeIn: instance, appliedIn: instance });
}
