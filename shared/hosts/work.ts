import type { Knex } from 'knex';
import { ensureTable } from '#shared/db/migrate.ts';
import type { HostSpec, OpenWork, Outcome } from './contract.ts';

/** What a host shall make true. The row stays until the host has answered, however long. */
export interface HostWork {
  readonly id: string;
  readonly host: string;
  readonly verb: string;
  readonly subject: string;
  /** JSON. */
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
    t.index(['host']); // an outcome is too long for a key of MySQL
  });

const superseded: Outcome = {
  fault: { status: 409, kind: 'conflict', message: 'a later wish replaced this one' },
};

/** The same id finds the same row. A new one replaces what is open for its subject there. */
export async function ensureWork(tx: Knex, host: string, work: OpenWork): Promise<void> {
  const { id, verb, spec } = work;
  if (await tx<HostWork>('host_work').where({ id }).first('id')) return;
  await tx<HostWork>('host_work')
    .where({ host, subject: spec.id, outcome: null })
    .update({ outcome: JSON.stringify(superseded) });
  const fresh = { id, host, verb, subject: spec.id, wish: JSON.stringify(spec) };
  await tx<HostWork>('host_work').insert({ ...fresh, askedAt: Date.now(), outcome: null });
}

export async function findWork(db: Knex, id: string) {
  const work = await db<HostWork>('host_work').where({ id }).first('askedAt', 'outcome');
  if (!work) throw new Error(`host work ${id} is gone`);
  return { askedAt: work.askedAt, outcome: JSON.parse(work.outcome ?? 'null') as Outcome | null };
}

export async function listOpenWork(db: Knex, host: string): Promise<OpenWork[]> {
  const open = db<HostWork>('host_work').where({ host, outcome: null }).orderBy('sequence');
  const rows = await open.select('id', 'verb', 'wish');
  return rows.map(({ id, verb, wish }) => ({ id, verb, spec: JSON.parse(wish) as HostSpec }));
}

/** Idempotent. A replaced piece of work keeps its outcome, and that of another host is left alone. */
export const finishWork = (db: Knex, id: string, host: string, outcome: Outcome) =>
  db<HostWork>('host_work')
    .where({ id, host, outcome: null })
    .update({ outcome: JSON.stringify(outcome) });

/** Work whose outcome was heard, with all that it replaced: `of` is what their ids begin with, up to a slash. */
export const forgetWork = (tx: Knex, of: string) =>
  tx<HostWork>('host_work').where('id', '>=', `${of}/`).where('id', '<', `${of}0`).delete(); // 0 comes after the slash

/** At the end of a task: what was heard of its work. What a host has still to do stays. */
export const forgetHeardWork = (tx: Knex, taskId: string) =>
  tx<HostWork>('host_work')
    .where('id', '>=', `${taskId}/`)
    .where('id', '<', `${taskId}0`)
    .whereNotNull('outcome')
    .delete();

/** For a host that will never be back. */
export const forgetWorkOf = (tx: Knex, host: string) => tx<HostWork>('host_work').where({ host }).delete();

/** Work that nobody waits for any more: its outcome is known, and the task that asked has ended. */
export const sweepWork = (db: Knex, askedBefore: number) =>
  db<HostWork>('host_work')
    .whereNotNull('outcome')
    .where('askedAt', '<', askedBefore)
    .whereNotExists(db('tasks').select(db.raw('1')).whereRaw('tasks.id = SUBSTR(host_work.id, 1, 36)'))
    .delete();
