/**
 * One target of tgtd, asked and changed by its number. tgtd's listing of all targets is never read: it repeats what
 * initiators say of themselves, so a tenant can write lines into it.
 */
import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import type { Daemon } from './daemon.ts';
import type { ExportRecord } from './records.ts';
import { type Request, refusal, TgtRefused } from './socket.ts';

export const lun = 1;
/** Bound to every target first, with a password nobody has: a target without accounts would ask for no password. */
const guard = 'guard';

/** Throws TgtRefused with `targetExists` when tgtd has a target of that number or name already. */
export async function createTarget(daemon: Daemon, tid: number, iqn: string): Promise<void> {
  await daemon.ask({ mode: 'target', op: 'new', tid, words: { targetname: iqn } });
}

/** Makes the target what the record says. Safe to repeat from any half done state. */
export async function fillTarget(daemon: Daemon, record: ExportRecord): Promise<void> {
  await ensureGuard(daemon, record.tid);
  await ensureInitiators(daemon, record);
  await ensureAccounts(daemon, record);
  await ensureLun(daemon, record);
  if (goneOf(record).length > 0) await closeSessions(daemon, record);
}

export async function removeTarget(daemon: Daemon, record: ExportRecord): Promise<void> {
  await content(daemon, { mode: 'target', op: 'delete', tid: record.tid, force: true }, refusal.noTarget);
  for (const { user } of [...record.grants, ...record.ended]) await removeAccount(daemon, user);
}

const goneOf = ({ grants, ended }: ExportRecord) =>
  ended.filter(({ user }) => !grants.some((grant) => grant.user === user));

async function ensureGuard(daemon: Daemon, tid: number): Promise<void> {
  await ensureAccount(daemon, guard, randomBytes(12).toString('hex'));
  await bindAccount(daemon, tid, guard);
}

/** Before the accounts: a name is let in only with its password, and a password only with its name. */
async function ensureInitiators(daemon: Daemon, { tid, grants, ended }: ExportRecord): Promise<void> {
  const wanted = new Set(grants.map(({ initiator }) => initiator));
  const change = (op: 'bind' | 'unbind', iqn: string, unless: number) =>
    content(daemon, { mode: 'target', op, tid, words: { 'initiator-name': iqn } }, unless);
  for (const iqn of wanted) await change('bind', iqn, refusal.aclExists);
  for (const { initiator } of ended) if (!wanted.has(initiator)) await change('unbind', initiator, refusal.noAcl);
}

/**
 * tgtd looks for accounts only up to their count, so one that goes from the middle hides the last. When some go, all but
 * the guard are taken, and those that stay are bound again, into the places after it.
 */
async function ensureAccounts(daemon: Daemon, record: ExportRecord): Promise<void> {
  const { tid, grants } = record;
  const gone = goneOf(record);
  if (gone.length > 0)
    for (const { user } of [...grants, ...gone])
      await content(daemon, { mode: 'account', op: 'unbind', tid, words: { user } }, refusal.noUser);
  for (const { user } of gone) await removeAccount(daemon, user);
  for (const { user, secret } of grants) {
    await ensureAccount(daemon, user, secret);
    await bindAccount(daemon, tid, user);
  }
}

const ensureAccount = (daemon: Daemon, user: string, password: string) =>
  content(daemon, { mode: 'account', op: 'new', words: { user, password } }, refusal.userExists);
const bindAccount = (daemon: Daemon, tid: number, user: string) =>
  content(daemon, { mode: 'account', op: 'bind', tid, words: { user } }, refusal.userExists);
const removeAccount = (daemon: Daemon, user: string) =>
  content(daemon, { mode: 'account', op: 'delete', words: { user } }, refusal.noUser);

async function ensureLun(daemon: Daemon, { tid, path, grants }: ExportRecord): Promise<void> {
  const words = { path: relative(daemon.directory, path), bstype: 'rdwr' };
  await content(daemon, { mode: 'device', op: 'new', tid, lun, words }, refusal.lunExists);
  // without it tgtd ignores what a guest discards, and files only ever grow
  const readonly = grants.every(({ readOnly }) => readOnly) ? 1 : 0;
  await daemon.ask({ mode: 'device', op: 'update', tid, lun, words: { thin_provisioning: 1, readonly } });
}

const connection = /^Session: (\d+)\n {4}Connection: (\d+)\n {8}Initiator: (\S+)$/gm;

/** Whoever had a right that ended is logged out; one who kept another under the same name logs in again by itself. */
async function closeSessions(daemon: Daemon, record: ExportRecord): Promise<void> {
  const { tid, grants } = record;
  const gone = new Set(goneOf(record).map(({ initiator }) => initiator));
  const stay = new Set(grants.map(({ initiator }) => initiator).filter((iqn) => !gone.has(iqn)));
  const listing = await daemon.ask({ mode: 'connection', op: 'show', tid });
  for (const [, sid, cid, initiator = ''] of listing.matchAll(connection))
    if (!stay.has(initiator)) await closeConnection(daemon, tid, Number(sid), Number(cid));
}

/** It may have closed by itself since it was asked for. */
const closeConnection = (daemon: Daemon, tid: number, sid: number, cid: number) =>
  daemon.ask({ mode: 'connection', op: 'delete', tid, sid, cid }).catch((error: unknown) => {
    if (!(error instanceof TgtRefused)) throw error;
  });

/** For ensures: one refusal means that it is so already. */
async function content(daemon: Daemon, request: Request, unless: number): Promise<void> {
  await daemon.ask(request).catch((error: unknown) => {
    if (!(error instanceof TgtRefused) || error.code !== unless) throw error;
  });
}
