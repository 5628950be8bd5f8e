import type { Knex } from 'knex';
import { ensureTable } from '#shared/db/migrate.ts';
import type { HostSpec, OpenWork, Outcome } from './contract.ts';

/** A row of host work (terms: hosts.ts). It stays open until the host has reported an outcome, however long that takes. */
export interface HostWork {
  readonly id: string;
  readonly host: string;
  readonly verb: string;
  /** The id of the spec. */
  readonly subject: string;
  /** The spec as JSON. The column keeps its first name: a controller of the release before may run beside this one. */
  readonly wish: string;
  readonly askedAt: number;
  readonly outcome: string | null;
}

export const ensureHostWorkTable = (tx: Knex) =>
  ensureTable(tx, 'host_work', (t) => {
    t.increments('sequence');
    t.string('id', 255).notNullable().unique();
    t.string('host', 255).notNullable();
    t.string('verb', 64).notNullable();
    t.string('subject', 128).notNullable();
    t.text('wish', 'mediumtext').notNullable();
    t.bigInteger('askedAt').notNullable();
    t.text('outcome', 'mediumtext');
    t.index(['host']); // outcome is too long for an index of MySQL
  });

const superseded: Outcome = {
  fault: { status: 409, kind: 'conflict', message: 'a later spec replaced this one' },
};

/** Inserts the work unless its id exists. Replaces open work on the same thing of the same host, which gets a 409. */
export async function ensureWork(tx: Knex, host: string, work: OpenWork): Promise<void> {
  const { id, verb, spec } = work;
  if (await tx<HostWork>('host_work').where({ id }).first('id')) return;
  await tx<HostWork>('host_work')
    .where({ host, subject: spec.id, outcome: null })
    .update({ outcome: JSON.stringify(superseded) });
  const fresh = { id, host, verb, subject: spec.id, wish: JSON.stringify(spec) };
  await tx<HostWork>('host_work').insert({ ...fresh, askedAt: Date.now(), outcome: null });
}

/** Returns the outcome, or null while the work is open. Throws when the row was deleted. */
export async function getWork(db: Knex, id: string) {
  const work = await db<HostWork>('host_work').where({ id }).first('askedAt', 'outcome');
  if (!work) throw new Error(`host work ${id} does not exist any more`);
  return { askedAt: work.askedAt, outcome: JSON.parse(work.outcome ?? 'null') as Outcome | null };
}

/** Returns the open work of a host, oldest first. */
export async function listOpenWork(db: Knex, host: string): Promise<OpenWork[]> {
  const open = db<HostWork>('host_work').where({ host, outcome: null }).orderBy('sequence');
  const rows = await open.select('id', 'verb', 'wish');
  return rows.map(({ id, verb, wish }) => ({ id, verb, spec: JSON.parse(wish) as HostSpec }));
}

/** Whether a host still has to perform that verb on that thing. */
export const isOpenWork = async (
  db: Knex,
  { host, subject, verb }: Pick<HostWork, 'host' | 'subject' | 'verb'>,
): Promise<boolean> =>
  (await db<HostWork>('host_work').where({ host, subject, verb, outcome: null }).first('id')) !== undefined;

/** Writes the outcome. Idempotent; does nothing for work that is replaced, finished or of another host. */
export const finishWork = (db: Knex, id: string, host: string, outcome: Outcome) =>
  db<HostWork>('host_work')
    .where({ id, host, outcome: null })
    .update({ outcome: JSON.stringify(outcome) });

/** Deletes all work whose ids begin with `of` and a slash. */
export const deleteWork = (tx: Knex, of: string) =>
  tx<HostWork>('host_work').where('id', '>=', `${of}/`).where('id', '<', `${of}0`).delete(); // 0 is the character after the slash

/** Deletes the finished work of a task, at its end. Open work stays. */
export const deleteFinishedWork = (tx: Knex, taskId: string) =>
  tx<HostWork>('host_work')
    .where('id', '>=', `${taskId}/`)
    .where('id', '<', `${taskId}0`)
    .whereNotNull('outcome')
    .delete();

/** Deletes all work of a host that has been removed. */
export const deleteWorkOfHost = (tx: Knex, host: string) => tx<HostWork>('host_work').where({ host }).delete();

/** Deletes finished work whose task has ended and which is older than `askedBefore` (ms since 1970). */
export const deleteOldWork = (db: Knex, askedBefore: number) =>
  db<HostWork>('host_work')
    .whereNotNull('outcome')
    .where('askedAt', '<', askedBefore)
    .whereNotExists(db('tasks').select(db.raw('1')).whereRaw('tasks.id = SUBSTR(host_work.id, 1, 36)'))
    .delete();
