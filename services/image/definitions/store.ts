/** What a namespace defines: objects, properties and tags. */
import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { rowsOf } from '#shared/db/json-columns.ts';
import { applyPage } from '#shared/db/page.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';

export const kinds = { objects: 'object', properties: 'property', tags: 'tag' } as const;
export type Kind = keyof typeof kinds;

export interface Definition {
  readonly namespaceId: string;
  readonly kind: Kind;
  readonly name: string;
  /** What a client sent besides the name. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface DefinitionQuery {
  readonly sortBy: 'createdAt' | 'updatedAt' | 'name';
  readonly descending: boolean;
  readonly marker: string | undefined;
  readonly limit: number | undefined;
}

const rows = rowsOf<Definition>('content');
type Place = Pick<Definition, 'namespaceId' | 'kind' | 'name'>;

const missing = (kind: Kind, name: string) =>
  new Fault(404, 'notFound', `The metadata definition ${kinds[kind]} ${name} was not found in this namespace.`);

export async function listDefinitions(
  db: Knex,
  which: Pick<Place, 'namespaceId'> & Partial<Place>,
  page?: DefinitionQuery,
): Promise<Definition[]> {
  const query: Knex.QueryBuilder = db('metadef_definitions').where(which);
  const { sortBy = 'createdAt', descending = true, marker, limit } = page ?? {};
  const after =
    marker === undefined || which.kind === undefined
      ? undefined
      : { ...(await getDefinition(db, { namespaceId: which.namespaceId, kind: which.kind, name: marker })) };
  const sorts = [...new Set([sortBy, 'name'])].map((column) => ({ column, descending, notNull: true }));
  applyPage(query, { sorts, ...(after && { after }), ...(limit === undefined ? {} : { limit }) });
  return rows.list(query);
}

export async function getDefinition(db: Knex, { namespaceId, kind, name }: Place): Promise<Definition> {
  const found = await rows.find(db('metadef_definitions').where({ namespaceId, kind, name }));
  if (!found) throw missing(kind, name);
  return found;
}

const taken =
  ({ kind, name }: Pick<Place, 'kind' | 'name'>) =>
  () =>
    conflict(`The metadata definition ${kinds[kind]} ${name} already exists in this namespace.`);

export const insertDefinition = (tx: Knex, row: Definition) =>
  onDuplicate(tx('metadef_definitions').insert(rows.write(row)), taken(row));

/** May rename it. */
export async function updateDefinition(tx: Knex, { namespaceId, kind, name }: Place, after: Definition): Promise<void> {
  const query = tx('metadef_definitions').where({ namespaceId, kind, name });
  if ((await onDuplicate(query.update(rows.write(after)), taken(after))) === 0) throw missing(kind, name);
}

export async function deleteDefinition(tx: Knex, { namespaceId, kind, name }: Place): Promise<void> {
  if ((await tx('metadef_definitions').where({ namespaceId, kind, name }).delete()) === 0) throw missing(kind, name);
}

export const deleteDefinitions = (tx: Knex, namespaceId: string, kind: Kind) =>
  tx('metadef_definitions').where({ namespaceId, kind }).delete();
