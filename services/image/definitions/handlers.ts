/** Objects, properties and tags of a namespace: the same operations, with rules and views of their own. */
import { badRequest } from '#shared/errors/fault.ts';
import { created, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import type { Namespace } from '../namespaces/attributes.ts';
import { type Body, checkWritable, definitionOf, getNamespaceFor, pageOf } from '../namespaces/operations.ts';
import { listAssociations } from '../resource-types/store.ts';
import {
  deleteDefinition,
  deleteDefinitions,
  getDefinition,
  insertDefinition,
  type Kind,
  kinds,
  listDefinitions,
  updateDefinition,
} from './store.ts';
import { listViews, views } from './view.ts';

type Param = 'namespace' | 'name';
type Handle<Sent = unknown> = Handler<Images, Sent, Param>;
type Named = Body & { readonly name: string };

const schemas: Readonly<Record<Kind, object>> = {
  objects: { schema: '/v2/schemas/metadefs/objects', first: '/v2/metadefs/namespaces' },
  properties: {},
  tags: { schema: '/v2/schemas/metadefs/tags', first: '/v2/metadefs/namespaces' },
};

export function handlersOf(kind: Kind) {
  const what = kinds[kind];
  const list: Handle = async (images, call) => {
    const { id, namespace } = await getNamespaceFor(images, call, `get_metadef_${kind}`);
    const { sortBy = 'createdAt', ...page } = pageOf(call.query);
    const rows = await listDefinitions(images.db, { namespaceId: id, kind }, { ...page, sortBy });
    const about = kind === 'properties' ? {} : { ...schemas[kind], first: `${call.url.split('?')[0]}` };
    return ok({ [kind]: listViews[kind](rows, namespace), ...about });
  };
  const show: Handle = async (images, call) => {
    const { id, namespace } = await getNamespaceFor(images, call, `get_metadef_${what}`);
    const name = await nameIn(images, { id, namespace }, call.params.name, call.query.resource_type);
    return ok(views[kind](await getDefinition(images.db, { namespaceId: id, kind, name }), namespace));
  };
  const create: Handle<Named> = async (images, call) => {
    const { id, namespace } = await getNamespaceFor(images, call, `add_metadef_${what}`);
    checkWritable(call.body);
    const row = definitionOf(id, kind, call.body);
    await insertDefinition(images.db, row);
    return created(views[kind](row, namespace));
  };
  const update: Handle<Named> = async (images, call) => {
    const { id, namespace } = await getNamespaceFor(images, call, `modify_metadef_${what}`);
    checkWritable(call.body);
    const place = { namespaceId: id, kind, name: call.params.name };
    const { createdAt } = await getDefinition(images.db, place);
    const row = { ...definitionOf(id, kind, call.body), createdAt };
    await updateDefinition(images.db, place, row);
    return ok(views[kind](row, namespace));
  };
  const remove =
    (rule: string): Handle =>
    async (images, call) => {
      const { id } = await getNamespaceFor(images, call, rule);
      await deleteDefinition(images.db, { namespaceId: id, kind, name: call.params.name });
      return noContent();
    };
  return { list, show, create, update, remove };
}

/** With `resource_type` the path has the name of a property as resources of that type have it. */
async function nameIn(
  { db }: Images,
  { id, namespace }: Pick<Namespace, 'id' | 'namespace'>,
  name: string,
  type: string | undefined,
): Promise<string> {
  if (type === undefined) return name;
  const found = (await listAssociations(db, [id])).find((each) => each.name === type);
  if (!found) throw badRequest(`The namespace ${namespace} is not associated with the resource type ${type}.`);
  const { prefix } = found;
  if (prefix && name.startsWith(prefix)) return name.slice(prefix.length);
  throw badRequest(`Property ${name} does not begin with the prefix '${prefix ?? ''}' of the resource type ${type}.`);
}

/** The path alone names the tag. */
export const createTag: Handle = async (images, call) => {
  const { id, namespace } = await getNamespaceFor(images, call, 'add_metadef_tag');
  const row = definitionOf(id, 'tags', { name: call.params.name });
  await insertDefinition(images.db, row);
  return created(views.tags(row, namespace));
};

/** Replaces all tags, or adds to them when the client says `X-Openstack-Append: true`. */
export const createTags: Handle<{ readonly tags: readonly Named[] }> = async (images, call) => {
  const { id, namespace } = await getNamespaceFor(images, call, 'add_metadef_tags');
  const rows = call.body.tags.map((each) => definitionOf(id, 'tags', each));
  const isAdded = /^(1|t|true|on|y|yes)$/i.test(call.header('x-openstack-append') ?? '');
  await images.db.transaction(async (tx) => {
    if (!isAdded) await deleteDefinitions(tx, id, 'tags');
    for (const row of rows) await insertDefinition(tx, row);
  });
  return created({ tags: listViews.tags(rows, namespace) });
};
