import { randomUUID } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { parseCreate } from '#shared/resource/body.ts';
import type { Images } from '../context.ts';
import { type Definition, insertDefinition, type Kind, listDefinitions } from '../definitions/store.ts';
import { type Association, insertAssociation, listAssociations } from '../resource-types/store.ts';
import { attributes, type Namespace } from './attributes.ts';
import { findNamespace, insertNamespace, type NamespaceQuery, namespaceNotFound, updateNamespace } from './store.ts';
import { type Contents, namespaceTarget } from './view.ts';

export type Body = Readonly<Record<string, unknown>>;
type Named = Body & { readonly name: string };

/** The namespace that the path names, for which the caller passes the rule. Throws 404 when the caller may not see it. */
export async function getNamespaceFor(
  { db }: Images,
  { params, may }: Pick<Call<unknown, 'namespace'>, 'params' | 'may'>,
  ...rules: readonly string[]
): Promise<Namespace> {
  const found = await findNamespace(db, params.namespace);
  if (!found || !may('get_metadef_namespace', namespaceTarget(found))) throw namespaceNotFound(params.namespace);
  for (const rule of rules)
    if (!may(rule, namespaceTarget(found))) throw forbidden(`You are not authorized to complete ${rule} action.`);
  return found;
}

const readOnly = ['self', 'schema', 'created_at', 'updated_at'];

/** Throws 403 for a body that sets what only the service sets. */
export function checkWritable(body: Body): void {
  const found = readOnly.find((name) => Object.hasOwn(body, name));
  if (found) throw forbidden(`Attribute '${found}' is read-only.`);
}

function rowOf(caller: Caller, body: Body, before?: Namespace): Namespace {
  const now = Date.now();
  const owner = projectOf(caller);
  return {
    ...{ id: before?.id ?? randomUUID(), owner, createdAt: before?.createdAt ?? now, updatedAt: now },
    ...parseCreate(attributes, body),
  };
}

/** With all that the body defines in it, in one transaction. */
export async function createNamespace({ db }: Images, caller: Caller, body: Body): Promise<Namespace & Contents> {
  checkWritable(body);
  const row = rowOf(caller, body);
  const definitions = definitionsIn(body, row.id);
  const associations = itemsOf(body.resource_type_associations).map((each) => associationOf(row.id, each));
  await db.transaction(async (tx) => {
    await insertNamespace(tx, row);
    for (const each of associations) await insertAssociation(tx, each);
    for (const each of definitions) await insertDefinition(tx, each);
  });
  return { ...row, definitions, associations };
}

const itemsOf = (list: unknown): readonly Named[] => (list ?? []) as readonly Named[];

function definitionsIn(body: Body, namespaceId: string): Definition[] {
  const properties = Object.entries((body.properties ?? {}) as Readonly<Record<string, Body>>);
  return [
    ...itemsOf(body.objects).map((each) => definitionOf(namespaceId, 'objects', each)),
    ...properties.map(([name, each]) => definitionOf(namespaceId, 'properties', { ...each, name })),
    ...itemsOf(body.tags).map((each) => definitionOf(namespaceId, 'tags', each)),
  ];
}

const longestName = 80;

export function definitionOf(namespaceId: string, kind: Kind, { name, ...content }: Named): Definition {
  checkWritable(content);
  if (name === '' || name.length > longestName) throw badRequest(`The name '${name}' has to have 1 to 80 characters.`);
  return { namespaceId, kind, name, content, createdAt: Date.now(), updatedAt: Date.now() };
}

export const associationOf = (
  namespaceId: string,
  { name, prefix, properties_target: target }: Named,
): Association => ({
  namespaceId,
  name,
  prefix: (prefix as string | undefined) ?? null,
  propertiesTarget: (target as string | undefined) ?? null,
  createdAt: Date.now(),
  updatedAt: Date.now(),
});

/** Replaces all attributes: those that the body does not have get their defaults. */
export async function replaceNamespace({ db }: Images, caller: Caller, before: Namespace, body: Body) {
  checkWritable(body);
  const row = rowOf(caller, body, before);
  await updateNamespace(db, row);
  return row;
}

export const contentsOf = async ({ db }: Images, { id }: Namespace): Promise<Contents> => ({
  definitions: await listDefinitions(db, { namespaceId: id }),
  associations: await listAssociations(db, [id]),
});

const defaultLimit = 25;
const maxLimit = 1000;
const sorts = { created_at: 'createdAt', updated_at: 'updatedAt' } as const;

/** Reads what all lists of metadata definitions take. Throws 400. */
export function pageOf(query: Readonly<Record<string, string>>) {
  const { limit, marker, sort_key: key = 'created_at', sort_dir: direction = 'desc' } = query;
  if (limit !== undefined && !/^-?\d+$/.test(limit)) throw badRequest('limit param must be an integer');
  if (limit !== undefined && Number(limit) < 0) throw badRequest('limit param must be positive');
  if (direction !== 'asc' && direction !== 'desc') throw badRequest(`Invalid sort direction: ${direction}`);
  if (!['created_at', 'updated_at', 'name', 'namespace'].includes(key)) throw badRequest(`Invalid sort key: ${key}.`);
  return {
    limit: limit === undefined ? undefined : Math.min(Number(limit), maxLimit),
    marker,
    descending: direction === 'desc',
    sortBy: key === 'created_at' || key === 'updated_at' ? sorts[key] : undefined,
  };
}

export function namespaceQuery(query: Readonly<Record<string, string>>): NamespaceQuery {
  const { visibility, owner, resource_types: types } = query;
  if (visibility !== undefined && visibility !== 'public' && visibility !== 'private')
    throw badRequest(`Invalid visibility value: ${visibility}`);
  const { limit = defaultLimit, sortBy = 'namespace', ...page } = pageOf(query);
  return { ...page, limit, sortBy, visibility, owner, resourceTypes: types?.split(',') };
}
