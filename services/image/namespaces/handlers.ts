import { forbidden } from '#shared/errors/fault.ts';
import { created, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { definitionDocuments, listDocument } from '../definitions/schemas.ts';
import { deleteDefinitions, type Kind } from '../definitions/store.ts';
import { listAssociations } from '../resource-types/store.ts';
import {
  type Body,
  contentsOf,
  createNamespace as create,
  getNamespaceFor,
  namespaceQuery,
  replaceNamespace,
} from './operations.ts';
import { namespaceDocument } from './schemas.ts';
import { deleteNamespace as deleteRow, listNamespaces as listRows, namespaceNotFound } from './store.ts';
import { namespaceView, prefixed } from './view.ts';

type Handle<Sent = unknown> = Handler<Images, Sent, 'namespace'>;

export const listNamespaces: Handle = async ({ db }, call) => {
  const asked = namespaceQuery(call.query);
  const rows = asked.limit === 0 ? [] : await listRows(db, call.caller, asked);
  const all = await listAssociations(
    db,
    rows.map(({ id }) => id),
  );
  const byNamespace = Map.groupBy(all, ({ namespaceId }) => namespaceId);
  const views = rows.map((row) => namespaceView(row, call, { associations: byNamespace.get(row.id) ?? [] }));
  const last = rows.length === asked.limit ? rows.at(-1)?.namespace : undefined;
  return ok({
    namespaces: views,
    first: pageUrl(call.query),
    ...(last === undefined ? {} : { next: pageUrl(call.query, last) }),
    schema: '/v2/schemas/metadefs/namespaces',
  });
};

function pageUrl({ marker: _, ...query }: Readonly<Record<string, string>>, marker?: string): string {
  const asked = new URLSearchParams({ ...query, ...(marker === undefined ? {} : { marker }) }).toString();
  return `/v2/metadefs/namespaces${asked === '' ? '' : `?${asked}`}`;
}

/** The rules for what a new namespace may have in it. */
const rulesOfContents = {
  resource_type_associations: 'add_metadef_resource_type_association',
  objects: 'add_metadef_object',
  properties: 'add_metadef_property',
  tags: 'add_metadef_tag',
};

export const createNamespace: Handle<Body> = async (images, call) => {
  for (const [name, rule] of Object.entries(rulesOfContents)) if (call.body[name] !== undefined) call.authorize(rule);
  const made = await create(images, call.caller, call.body);
  const { definitions, associations, ...row } = made;
  return created(namespaceView(row, call, { definitions, associations }), {
    location: `/v2/metadefs/namespaces/${encodeURIComponent(row.namespace)}`,
  });
};

const readRules = [
  'list_metadef_resource_types',
  'get_metadef_objects',
  'get_metadef_properties',
  'get_metadef_tags',
] as const;

/** With `resource_type` properties have the names that they have on such a resource. */
export const showNamespace: Handle = async (images, call) => {
  const row = await getNamespaceFor(images, call, ...readRules);
  const contents = await contentsOf(images, row);
  const { resource_type: type } = call.query;
  return ok(namespaceView(row, call, type === undefined ? contents : prefixed(contents, type)));
};

export const setNamespace: Handle<Body> = async (images, call) => {
  const before = await getNamespaceFor(images, call, 'modify_metadef_namespace');
  return ok(namespaceView(await replaceNamespace(images, call.caller, before, call.body), call, {}));
};

export const deleteNamespace: Handle = async (images, call) => {
  const { id, namespace } = await getNamespaceFor(images, call, 'delete_metadef_namespace');
  if (await images.db.transaction((tx) => deleteRow(tx, id))) return noContent();
  const left = await getNamespaceFor(images, call);
  if (left.id !== id) throw namespaceNotFound(namespace); // deleted, and another one made, meanwhile
  throw forbidden(`Metadata definition namespace ${namespace} is protected and cannot be deleted.`);
};

/** All definitions of one kind. */
export const deleteAll =
  (kind: Kind, ...rules: readonly string[]): Handle =>
  async (images, call) => {
    const { id, isProtected, namespace } = await getNamespaceFor(images, call, ...rules);
    if (isProtected)
      throw forbidden(`Metadata definition namespace ${namespace} is protected: its ${kind} cannot be deleted.`);
    await deleteDefinitions(images.db, id, kind);
    return noContent();
  };

/** The published schemas, by the last part of their path. */
const documents = {
  namespace: namespaceDocument,
  namespaces: listDocument('namespaces', namespaceDocument),
  ...definitionDocuments,
  objects: listDocument('objects', definitionDocuments.object),
  properties: listDocument('properties', definitionDocuments.property, true),
  tags: listDocument('tags', definitionDocuments.tag),
  resource_types: listDocument('resource_type_associations', definitionDocuments.resource_type),
};
export const documentHandlers = Object.entries(documents).map(([name, document]): [string, Handle] => [
  name,
  async () => ok(document),
]);
