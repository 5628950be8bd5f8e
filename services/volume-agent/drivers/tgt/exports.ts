/** Volumes as iSCSI targets: one per volume, LUN 1, open to named initiators with a CHAP account of their own. */
import { randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import { every } from '#shared/clock/every.ts';
import type { GrantWish, Target as Reached } from '#shared/contracts/volume-agent.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';
import type { Exporter } from '../driver.ts';
import { type Daemon, type DaemonOptions, daemonOf } from './daemon.ts';
import { dropRecord, type ExportRecord, findRecord, keepRecord, listRecords } from './records.ts';
import { type Request, refusal, TgtRefused } from './socket.ts';
import { readTargets, type Target } from './targets.ts';

/** Cinder's own name, which guests and people may know. */
const iqnOf = (volumeId: string): string => `iqn.2010-10.org.openstack:volume-${volumeId}`;
const lun = 1;
/** Bound to every target first, with a password nobody has: a target without accounts would ask for no password. */
const guard = 'guard';

interface TgtOptions extends DaemonOptions {
  readonly log: Log;
  /** How often to look whether tgtd is still there. */
  readonly watchMs: number;
}

export async function openTgt({ log, watchMs, ...options }: TgtOptions): Promise<Exporter> {
  const daemon = daemonOf(options);
  const records = join(options.directory, 'exports');
  const inTurn = oneAtATime();
  const reapply = async () => {
    const wanted = await listRecords(records);
    if (wanted.length === 0 || !(await daemon.ensureUp())) return;
    for (const record of wanted) await apply(daemon, record);
    log.warn({ exports: wanted.length }, 'tgtd was gone and serves again');
  };
  const watching = every(
    watchMs,
    () => inTurn(reapply),
    (error) => log.error({ error }, 'tgtd cannot be brought back'),
  );
  await inTurn(async () => {
    for (const record of await listRecords(records)) await ensureApplied(daemon, record);
  }).catch((error: unknown) => log.error({ error }, 'exports do not stand yet'));
  return {
    ensureGrant: (wish, path) => inTurn(() => ensureGrant(daemon, records, wish, path)),
    ensureGrantGone: ({ id, volumeId }) =>
      inTurn(() => keepOnly(daemon, records, volumeId, (grant) => grant.id !== id)),
    ensureClosed: (volumeId) => inTurn(() => keepOnly(daemon, records, volumeId, () => false)),
    isExported: async (volumeId) => (await findRecord(records, volumeId)) !== undefined,
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

async function ensureGrant(daemon: Daemon, records: string, wish: GrantWish, path: string): Promise<Reached> {
  const { volumeId } = wish;
  const former = (await findRecord(records, volumeId))?.grants ?? [];
  refuseChangedSecret(former, wish);
  const record = { volumeId, path, grants: [...former.filter(({ id }) => id !== wish.id), wish] };
  await keepRecord(records, record);
  await ensureApplied(daemon, record);
  return { portal: daemon.portal, iqn: iqnOf(volumeId), lun };
}

/** tgtd does not tell the password it has: a changed one could not be told from one that still has to be set. */
function refuseChangedSecret(former: readonly GrantWish[], { user, secret, volumeId }: GrantWish): void {
  const known = former.find((grant) => grant.user === user);
  if (known && known.secret !== secret)
    throw conflict(`account ${user} of volume ${volumeId} exists with another secret`);
}

type Keeps = (grant: GrantWish) => boolean;

/** The record goes last: until then the next try knows that something is to be taken away. */
async function keepOnly(daemon: Daemon, records: string, volumeId: string, keeps: Keeps): Promise<void> {
  const former = await findRecord(records, volumeId);
  if (!former) return;
  const record = { ...former, grants: former.grants.filter(keeps) };
  if (record.grants.length > 0) await keepRecord(records, record);
  // a tgtd that is not there exports nothing
  if (record.grants.length > 0 || daemon.isUp()) await ensureApplied(daemon, record);
  if (record.grants.length === 0) await dropRecord(records, volumeId);
}

async function ensureApplied(daemon: Daemon, record: ExportRecord): Promise<void> {
  await daemon.ensureUp();
  await apply(daemon, record);
}

/** Makes the target what the record says. Safe to repeat from any half done state. */
async function apply(daemon: Daemon, record: ExportRecord): Promise<void> {
  const targets = readTargets(await daemon.ask({ mode: 'target', op: 'show', tid: -1 }));
  const found = targets.find(({ name }) => name === iqnOf(record.volumeId));
  if (record.grants.length === 0) return found && removeTarget(daemon, found);
  const target = found ?? (await createTarget(daemon, record, Math.max(0, ...targets.map(({ tid }) => tid)) + 1));
  await ensureAccounts(daemon, target, record);
  await ensureLun(daemon, target, record);
  await ensureInitiators(daemon, target, record);
}

async function createTarget(daemon: Daemon, { volumeId }: ExportRecord, tid: number): Promise<Target> {
  const name = iqnOf(volumeId);
  await daemon.ask({ mode: 'target', op: 'new', tid, text: `targetname=${name}` });
  return { tid, name, luns: [], accounts: [], initiators: [], sessions: [] };
}

/**
 * Taking an account away from the middle leaves a hole in tgtd's list, and listing it then ends tgtd. So those after
 * it are taken from the end, and put back.
 */
async function ensureAccounts(daemon: Daemon, { tid, accounts }: Target, { grants }: ExportRecord): Promise<void> {
  const wanted = [guard, ...grants.map(({ user }) => user)];
  const firstStranger = accounts.findIndex((user, index) => wanted[index] !== user);
  const kept = firstStranger < 0 ? accounts : accounts.slice(0, firstStranger);
  for (const user of accounts.slice(kept.length).toReversed())
    await daemon.ask({ mode: 'account', op: 'unbind', tid, text: `user=${user}` });
  for (const user of accounts.filter((each) => !wanted.includes(each))) await removeAccount(daemon, user);
  const secrets = new Map(grants.map(({ user, secret }) => [user, secret]));
  for (const user of wanted.slice(kept.length)) {
    const secret = secrets.get(user) ?? randomBytes(12).toString('hex');
    await content(daemon, { mode: 'account', op: 'new', text: `user=${user},password=${secret}` }, refusal.userExists);
    await daemon.ask({ mode: 'account', op: 'bind', tid, text: `user=${user}` });
  }
}

async function ensureLun(daemon: Daemon, { tid, luns }: Target, { path, grants }: ExportRecord): Promise<void> {
  const text = `path=${relative(daemon.directory, path)},bstype=rdwr`;
  if (!luns.includes(lun)) await daemon.ask({ mode: 'device', op: 'new', tid, lun, text });
  // without it tgtd ignores what a guest discards, and files only ever grow
  const params = `thin_provisioning=1,readonly=${grants.every(({ readOnly }) => readOnly) ? 1 : 0}`;
  await daemon.ask({ mode: 'device', op: 'update', tid, lun, text: params });
}

/** Last, when the accounts stand: a name is let in only with its password. */
async function ensureInitiators(daemon: Daemon, target: Target, record: ExportRecord): Promise<void> {
  const { tid, initiators, sessions } = target;
  const wanted = new Set(record.grants.map(({ initiator }) => initiator));
  const bind = (op: 'bind' | 'unbind', iqn: string, code: number) =>
    content(daemon, { mode: 'target', op, tid, text: `initiator-name=${iqn}` }, code);
  for (const iqn of initiators.filter((each) => !wanted.has(each))) await bind('unbind', iqn, refusal.noAcl);
  for (const iqn of wanted) if (!initiators.includes(iqn)) await bind('bind', iqn, refusal.aclExists);
  for (const { sid, initiator, connections } of sessions)
    if (!wanted.has(initiator)) for (const cid of connections) await closeConnection(daemon, tid, sid, cid);
}

/** It may have closed by itself since the listing. */
const closeConnection = (daemon: Daemon, tid: number, sid: number, cid: number) =>
  daemon.ask({ mode: 'connection', op: 'delete', tid, sid, cid }).catch((error: unknown) => {
    if (!(error instanceof TgtRefused)) throw error;
  });

async function removeTarget(daemon: Daemon, { tid, accounts }: Target): Promise<void> {
  await content(daemon, { mode: 'target', op: 'delete', tid, force: true }, refusal.noTarget);
  for (const user of accounts.filter((each) => each !== guard)) await removeAccount(daemon, user);
}

const removeAccount = (daemon: Daemon, user: string) =>
  content(daemon, { mode: 'account', op: 'delete', text: `user=${user}` }, refusal.noUser);

/** For ensures: one refusal means that it is so already. */
async function content(daemon: Daemon, request: Request, unless: number): Promise<void> {
  await daemon.ask(request).catch((error: unknown) => {
    if (!(error instanceof TgtRefused) || error.code !== unless) throw error;
  });
}
