/** Types of resources that metadata is for, and which namespace is for which of them. */
import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';

interface Times {
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ResourceType extends Times {
  readonly name: string;
}

export interface Association extends Times {
  readonly namespaceId: string;
  /** Of the resource type. */
  readonly name: string;
  /** Before each property of the namespace that such a resource has. */
  readonly prefix: string | null;
  readonly propertiesTarget: string | null;
}

export const listResourceTypes = async (db: Knex): Promise<ResourceType[]> =>
  db<ResourceType>('metadef_resource_types').orderBy('name');

export const listAssociations = async (db: Knex, namespaceIds: readonly string[]): Promise<Association[]> =>
  db<Association>('metadef_associations').whereIn('namespaceId', namespaceIds).orderBy('name');

/** Adds the type, too, when it is unknown. */
export async function insertAssociation(tx: Knex, row: Association): Promise<void> {
  const { name, createdAt, updatedAt } = row;
  await tx<ResourceType>('metadef_resource_types').insert({ name, createdAt, updatedAt }).onConflict('name').ignore();
  await onDuplicate(tx<Association>('metadef_associations').insert(row), () =>
    conflict(`The namespace is already associated with the resource type ${name}.`),
  );
}

export async function deleteAssociation(tx: Knex, namespaceId: string, name: string): Promise<void> {
  if ((await tx<Association>('metadef_associations').where({ namespaceId, name }).delete()) > 0) return;
  throw new Fault(404, 'notFound', `The namespace is not associated with the resource type ${name}.`);
}
