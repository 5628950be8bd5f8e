/** What hosts are still to be told: a mark per thing and host. The spec itself is read from the rows when it is sent. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';

/** In which order a host is told: see listDue. */
export type Kind = 'group' | 'external' | 'dhcp' | 'router' | 'port';

export interface DirtyTarget {
  readonly host: string;
  readonly kind: Kind;
  /** The id of the port, group, router or network. */
  readonly subject: string;
}

export interface DirtyEntry extends DirtyTarget {
  readonly id: string;
  /** Grows with each change of the rows behind it: what was read before that is old. */
  readonly generation: number;
  readonly tries: number;
  readonly freeAt: number;
}

/** The rows changed again while a spec made of them was on its way. */
export class Outdated extends Error {}

/** All leases of a network are one spec, and nobody waits for one of them: what comes within a moment is told at once. */
const laterMs: Readonly<Partial<Record<Kind, number>>> = { dhcp: 100 };

/** Call in the transaction that changes the rows. A host named '' is none. */
export async function markDirty(tx: Knex, targets: readonly DirtyTarget[]): Promise<void> {
  const known = new Map(
    targets.filter(({ host }) => host).map((each) => [`${each.host} ${each.kind} ${each.subject}`, each]),
  );
  if (known.size === 0) return;
  for (const [soonMs, some] of Map.groupBy(known.values(), ({ kind }) => laterMs[kind] ?? 0)) {
    const freeAt = soonMs === 0 ? 0 : Date.now() + soonMs;
    const fresh = some.map(({ host, kind, subject }) => ({
      id: randomUUID(),
      ...{ host, kind, subject, generation: 1, tries: 0, freeAt },
    }));
    const sooner = tx.raw('case when ?? < ? then ?? else ? end', [...column, freeAt, ...column, freeAt]);
    const again = { generation: tx.raw('?? + 1', ['statements.generation']), tries: 0, freeAt: sooner };
    await tx<DirtyEntry>('statements')
      .insert(fresh)
      .onConflict(['host', 'kind', 'subject'])
      .merge(again as object);
  }
}

const column = ['statements.freeAt'];

/** Whatever is on its way to a port of this network was made of older rows. */
export const bumpPorts = (tx: Knex, networkId: string) =>
  tx<DirtyEntry>('statements')
    .where({ kind: 'port' })
    .whereIn('subject', (inner: Knex.QueryBuilder) => inner.select('id').from('ports').where({ networkId }))
    .increment('generation', 1);

const order: readonly Kind[] = ['group', 'external', 'dhcp', 'router', 'port'];

/** Groups come first: a port is ready when its rules stand. */
export async function listDue(db: Knex, now: number, except: readonly string[], limit: number): Promise<DirtyEntry[]> {
  const due = db<DirtyEntry>('statements')
    .where('freeAt', '<=', now)
    .whereNotIn('id', [...except]);
  const rows = (await due.orderBy('freeAt').limit(limit)) as DirtyEntry[];
  return rows.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** Throws Outdated unless the mark is as it was read. Inside a transaction it stays so to its end. */
export async function stillCurrent(tx: Knex, { id, generation }: DirtyEntry): Promise<void> {
  const now = await tx<DirtyEntry>('statements').where({ id }).forUpdate().first('generation');
  if (now?.generation !== generation) throw new Outdated(id);
}

/** When the next one is due, in milliseconds; undefined when none waits. */
export async function nextDue(db: Knex, now: number): Promise<number | undefined> {
  const next = await db<DirtyEntry>('statements').where('freeAt', '>', now).orderBy('freeAt').first('freeAt');
  return next && Number(next.freeAt) - now;
}

/** The rows changed meanwhile: what is told in moments waits for one. */
export async function postponeNotice(db: Knex, { id, kind }: DirtyEntry): Promise<void> {
  const soonMs = laterMs[kind];
  if (soonMs !== undefined)
    await db<DirtyEntry>('statements')
      .where({ id })
      .update({ freeAt: Date.now() + soonMs });
}

/** How often the rows behind these have changed by now. */
export async function generationsOf(db: Knex, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db<DirtyEntry>('statements')
    .whereIn('id', [...ids])
    .select('id', 'generation');
  return new Map(rows.map(({ id, generation }) => [id, generation]));
}

export const removeEntry = (tx: Knex, { id }: DirtyEntry) => tx<DirtyEntry>('statements').where({ id }).delete();

export const postpone = (db: Knex, { id, generation, tries }: DirtyEntry, byMs: number, anew: boolean) =>
  db<DirtyEntry>('statements')
    .where({ id, generation })
    .update({ tries: tries + 1, freeAt: Date.now() + byMs, generation: anew ? generation + 1 : generation });

/** For a host that will never be back. */
export const removeEntriesOf = (tx: Knex, host: string) => tx<DirtyEntry>('statements').where({ host }).delete();

export async function listDirty(db: Knex, host: string): Promise<Set<string>> {
  const rows = await db<DirtyEntry>('statements').where({ host }).select('kind', 'subject');
  return new Set(rows.map(({ kind, subject }) => `${kind} ${subject}`));
}
