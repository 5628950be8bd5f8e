/**
 * One target of tgtd, queried and changed by its number. tgtd's list of all targets is never parsed: it contains text
 * that initiators choose, so a tenant could inject lines into it.
 */
import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import type { Daemon } from './daemon.ts';
import type { ExportRecord } from './records.ts';
import { type Request, refusal, TgtRefused } from './socket.ts';

/** Bound to every target first, with a random password: a target without accounts would require no password. */
const guard = 'guard';

/** Throws TgtRefused with code `targetExists` when tgtd has a target with that number or name. */
export async function createTarget(daemon: Daemon, tid: number, iqn: string): Promise<void> {
  await daemon.ask({ mode: 'target', op: 'new', tid, params: { targetname: iqn } });
}

/** Applies the record to the target. Idempotent, also after a partial run. */
export async function configureTarget(daemon: Daemon, record: ExportRecord): Promise<void> {
  await ensureGuard(daemon, record.tid);
  await ensureInitiators(daemon, record);
  await ensureAccounts(daemon, record);
  await ensureLuns(daemon, record);
  if (endedAccounts(record).length > 0) await closeSessions(daemon, record);
}

export async function removeTarget(daemon: Daemon, record: ExportRecord): Promise<void> {
  await unlessRefused(daemon, { mode: 'target', op: 'delete', tid: record.tid, force: true }, refusal.noTarget);
  for (const { user } of [...record.grants, ...record.ended]) await removeAccount(daemon, user);
}

const endedAccounts = ({ grants, ended }: ExportRecord) =>
  ended.filter(({ user }) => !grants.some((grant) => grant.user === user));

async function ensureGuard(daemon: Daemon, tid: number): Promise<void> {
  await ensureAccount(daemon, guard, randomBytes(12).toString('hex'));
  await bindAccount(daemon, tid, guard);
}

/** Runs before the accounts: a login needs both a permitted initiator and a password. */
async function ensureInitiators(daemon: Daemon, { tid, grants, ended }: ExportRecord): Promise<void> {
  const wanted = new Set(grants.map(({ initiator }) => initiator));
  const change = (op: 'bind' | 'unbind', iqn: string, ignored: number) =>
    unlessRefused(daemon, { mode: 'target', op, tid, params: { 'initiator-name': iqn } }, ignored);
  for (const iqn of wanted) await change('bind', iqn, refusal.aclExists);
  for (const { initiator } of ended) if (!wanted.has(initiator)) await change('unbind', initiator, refusal.noAcl);
}

/**
 * tgtd searches accounts only up to their count, so removing one from the middle hides the last. When some are removed,
 * all but the guard are unbound, and the remaining ones bound again.
 */
async function ensureAccounts(daemon: Daemon, record: ExportRecord): Promise<void> {
  const { tid, grants } = record;
  const gone = endedAccounts(record);
  if (gone.length > 0)
    for (const { user } of [...grants, ...gone])
      await unlessRefused(daemon, { mode: 'account', op: 'unbind', tid, params: { user } }, refusal.noUser);
  for (const { user } of gone) await removeAccount(daemon, user);
  for (const { user, secret } of grants) {
    await ensureAccount(daemon, user, secret);
    await bindAccount(daemon, tid, user);
  }
}

const ensureAccount = (daemon: Daemon, user: string, password: string) =>
  unlessRefused(daemon, { mode: 'account', op: 'new', params: { user, password } }, refusal.userExists);
const bindAccount = (daemon: Daemon, tid: number, user: string) =>
  unlessRefused(daemon, { mode: 'account', op: 'bind', tid, params: { user } }, refusal.userExists);
const removeAccount = (daemon: Daemon, user: string) =>
  unlessRefused(daemon, { mode: 'account', op: 'delete', params: { user } }, refusal.noUser);

/** tgtd reads the size of a file when it opens it: one that grew is opened again as another LUN, to which initiators move. */
async function ensureLuns(daemon: Daemon, record: ExportRecord): Promise<void> {
  for (let lun = 1; lun <= record.lun; lun += 1) await ensureLun(daemon, record, lun);
}

async function ensureLun(daemon: Daemon, { tid, path, grants }: ExportRecord, lun: number): Promise<void> {
  const params = { path: relative(daemon.directory, path), bstype: 'rdwr' };
  await unlessRefused(daemon, { mode: 'device', op: 'new', tid, lun, params }, refusal.lunExists);
  // without thin_provisioning tgtd ignores discards, and files only grow
  const readonly = grants.every(({ readOnly }) => readOnly) ? 1 : 0;
  await daemon.ask({ mode: 'device', op: 'update', tid, lun, params: { thin_provisioning: 1, readonly } });
}

const connection = /^Session: (\d+)\n {4}Connection: (\d+)\n {8}Initiator: (\S+)$/gm;

/** Closes sessions of initiators that lost a grant; one that has another grant logs in again by itself. */
async function closeSessions(daemon: Daemon, record: ExportRecord): Promise<void> {
  const { tid, grants } = record;
  const gone = new Set(endedAccounts(record).map(({ initiator }) => initiator));
  const stay = new Set(grants.map(({ initiator }) => initiator).filter((iqn) => !gone.has(iqn)));
  const listing = await daemon.ask({ mode: 'connection', op: 'show', tid });
  for (const [, sid, cid, initiator = ''] of listing.matchAll(connection))
    if (!stay.has(initiator)) await closeConnection(daemon, tid, Number(sid), Number(cid));
}

/** Ignores refusals: the connection may have closed since it was listed. */
const closeConnection = (daemon: Daemon, tid: number, sid: number, cid: number) =>
  daemon.ask({ mode: 'connection', op: 'delete', tid, sid, cid }).catch((error: unknown) => {
    if (!(error instanceof TgtRefused)) throw error;
  });

/** Ignores one refusal, which means that the state is reached already. */
async function unlessRefused(daemon: Daemon, request: Request, ignored: number): Promise<void> {
  await daemon.ask(request).catch((error: unknown) => {
    if (!(error instanceof TgtRefused) || error.code !== ignored) throw error;
  });
}
