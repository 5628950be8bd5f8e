/** The dirty set: one entry per host and object whose rows changed. The spec is made of the rows when it is sent. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { rowsOf } from '#shared/db/json-columns.ts';

/** The kinds of specs. listDue has their order. */
export type SpecKind = 'group' | 'external' | 'dhcp' | 'router' | 'port';

export interface DirtyTarget {
  readonly host: string;
  readonly kind: SpecKind;
  /** The id of the port, group, router or network. */
  readonly subject: string;
}

export interface DirtyEntry extends DirtyTarget {
  readonly id: string;
  /** Grows with each change of the rows; a spec made of an older generation is outdated. */
  readonly generation: number;
  readonly tries: number;
  readonly freeAt: number;
}

/** The rows changed while a spec made of them was being sent. */
export class Outdated extends Error {}

/** How long changes of a kind are collected: all leases of a network are one spec, and no request waits for them. */
const batchMs: Readonly<Partial<Record<SpecKind, number>>> = { dhcp: 100 };

/** Call in the transaction that changes the rows. Targets with the host '' are ignored. */
export async function markDirty(tx: Knex, targets: readonly DirtyTarget[]): Promise<void> {
  const known = new Map(
    targets.filter(({ host }) => host).map((each) => [`${each.host} ${each.kind} ${each.subject}`, each]),
  );
  if (known.size === 0) return;
  for (const [delayMs, some] of Map.groupBy(known.values(), ({ kind }) => batchMs[kind] ?? 0)) {
    const freeAt = delayMs === 0 ? 0 : Date.now() + delayMs;
    const rows = some.map(({ host, kind, subject }) => ({
      id: randomUUID(),
      ...{ host, kind, subject, generation: 1, tries: 0, freeAt },
    }));
    const earlier = tx.raw('case when ?? < ? then ?? else ? end', [...column, freeAt, ...column, freeAt]);
    const update = { generation: tx.raw('?? + 1', ['statements.generation']), tries: 0, freeAt: earlier };
    await tx<DirtyEntry>('statements')
      .insert(rows)
      .onConflict(['host', 'kind', 'subject'])
      .merge(update as object);
  }
}

const column = ['statements.freeAt'];

/** Makes port specs of this network that are being sent outdated. */
export const outdatePortSpecs = (tx: Knex, networkId: string) =>
  tx<DirtyEntry>('statements')
    .where({ kind: 'port' })
    .whereIn('subject', (inner: Knex.QueryBuilder) => inner.select('id').from('ports').where({ networkId }))
    .increment('generation', 1);

const order: readonly SpecKind[] = ['group', 'external', 'dhcp', 'router', 'port'];

/** Groups come first, as a port is ACTIVE only when its rules are applied. */
export async function listDue(db: Knex, now: number, except: readonly string[], limit: number): Promise<DirtyEntry[]> {
  const due = db<DirtyEntry>('statements')
    .where('freeAt', '<=', now)
    .whereNotIn('id', [...except]);
  const rows = (await due.orderBy('freeAt').limit(limit)) as DirtyEntry[];
  return rows.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** Locks the entry until the transaction ends. Throws Outdated when its generation has changed. */
export async function requireCurrent(tx: Knex, { id, generation }: DirtyEntry): Promise<void> {
  const now = await tx<DirtyEntry>('statements').where({ id }).forUpdate().first('generation');
  if (now?.generation !== generation) throw new Outdated(id);
}

/** Milliseconds until the next entry is due; undefined when there is none. */
export async function nextDue(db: Knex, now: number): Promise<number | undefined> {
  const next = await db<DirtyEntry>('statements').where('freeAt', '>', now).orderBy('freeAt').first('freeAt');
  return next && Number(next.freeAt) - now;
}

/** Delays an outdated entry of a kind whose changes are collected. */
export async function postponeBatched(db: Knex, { id, kind }: DirtyEntry): Promise<void> {
  const delayMs = batchMs[kind];
  if (delayMs !== undefined)
    await db<DirtyEntry>('statements')
      .where({ id })
      .update({ freeAt: Date.now() + delayMs });
}

/** The current generations of entries. */
export async function generationsOf(db: Knex, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db<DirtyEntry>('statements')
    .whereIn('id', [...ids])
    .select('id', 'generation');
  return new Map(rows.map(({ id, generation }) => [id, generation]));
}

export const deleteEntry = (tx: Knex, { id }: DirtyEntry) => tx<DirtyEntry>('statements').where({ id }).delete();

export const postpone = (db: Knex, { id, generation, tries }: DirtyEntry, byMs: number, newWork: boolean) =>
  db<DirtyEntry>('statements')
    .where({ id, generation })
    .update({ tries: tries + 1, freeAt: Date.now() + byMs, generation: newWork ? generation + 1 : generation });

/** For a host that is removed. */
export async function deleteEntriesOf(tx: Knex, host: string): Promise<void> {
  await tx<DirtyEntry>('statements').where({ host }).delete();
  await tx('refusals').where({ host }).delete();
}

/** What a host left out of a spec; an empty list once it has all of it. */
export async function putRefused(tx: Knex, target: DirtyTarget, parts: readonly string[]): Promise<void> {
  const { host, kind, subject } = target;
  await tx('refusals').where({ host, kind, subject }).delete();
  if (parts.length > 0) await tx('refusals').insert({ host, kind, subject, parts: JSON.stringify(parts) });
}

export interface Refusal extends DirtyTarget {
  readonly parts: readonly string[];
}

const refusals = rowsOf<Refusal>('parts');
export const refusalsOn = (db: Knex, host: string): Promise<Refusal[]> =>
  refusals.list(db('refusals').where({ host }).orderBy(['kind', 'subject']));

/** The refused parts of ports, groups or routers, by id. */
export async function refusedOf(db: Knex, ids: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await refusals.list(db('refusals').whereIn('subject', [...ids]));
  const bySubject = Map.groupBy(rows, ({ subject }) => subject);
  return new Map([...bySubject].map(([id, some]) => [id, [...new Set(some.flatMap(({ parts }) => parts))]]));
}

export async function listDirty(db: Knex, host: string): Promise<Set<string>> {
  const rows = await db<DirtyEntry>('statements').where({ host }).select('kind', 'subject');
  return new Set(rows.map(({ kind, subject }) => `${kind} ${subject}`));
}
