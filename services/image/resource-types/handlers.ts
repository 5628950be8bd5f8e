import { created, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { associationOf, type Body, checkWritable, getNamespaceFor } from '../namespaces/operations.ts';
import {
  deleteAssociation,
  insertAssociation,
  listAssociations as listRows,
  listResourceTypes as listTypes,
} from './store.ts';
import { associationView, resourceTypeView } from './view.ts';

type Handle<Sent = unknown> = Handler<Images, Sent, 'namespace' | 'name'>;

export const listResourceTypes: Handle = async ({ db }) =>
  ok({ resource_types: (await listTypes(db)).map(resourceTypeView) });

export const listAssociations: Handle = async (images, call) => {
  const { id } = await getNamespaceFor(images, call, 'list_metadef_resource_types', 'get_metadef_resource_type');
  return ok({ resource_type_associations: (await listRows(images.db, [id])).map(associationView) });
};

export const addAssociation: Handle<Body & { readonly name: string }> = async (images, call) => {
  const { id } = await getNamespaceFor(images, call, 'add_metadef_resource_type_association');
  checkWritable(call.body);
  const row = associationOf(id, call.body);
  await images.db.transaction((tx) => insertAssociation(tx, row));
  return created(associationView(row));
};

export const removeAssociation: Handle = async (images, call) => {
  const { id } = await getNamespaceFor(images, call, 'remove_metadef_resource_type_association');
  await deleteAssociation(images.db, id, call.params.name);
  return noContent();
};
