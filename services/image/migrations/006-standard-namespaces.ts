import { randomUUID } from 'node:crypto';
import type { Migration } from '#shared/db/migrate.ts';
import { standardNamespaces } from './standard-namespaces.ts';

/** Inserted once: an administrator may change and delete them. */
export const standardMetadata: Migration = {
  name: '006-standard-namespaces',
  up: async (tx) => {
    const times = { createdAt: Date.now(), updatedAt: Date.now() };
    const types = new Set(standardNamespaces.flatMap(({ types }) => types.map(({ name }) => name)));
    for (const name of types)
      await tx('metadef_resource_types')
        .insert({ name, ...times })
        .onConflict('name')
        .ignore();
    for (const { namespace, displayName, description, types, properties, objects } of standardNamespaces) {
      if (await tx('metadef_namespaces').where({ namespace }).first()) continue;
      const id = randomUUID();
      const open = { visibility: 'public', isProtected: true, owner: 'admin' };
      await tx('metadef_namespaces').insert({ id, namespace, displayName, description, ...open, ...times });
      for (const { name, prefix, target } of types)
        await tx('metadef_associations').insert({
          ...{ namespaceId: id, name, prefix: prefix ?? null, propertiesTarget: target ?? null },
          ...times,
        });
      const all = [
        ...properties.map((each) => ({ kind: 'properties', ...each })),
        ...objects.map((each) => ({ kind: 'objects', ...each })),
      ];
      for (const { kind, name, ...content } of all)
        await tx('metadef_definitions').insert({
          ...{ namespaceId: id, kind, name, content: JSON.stringify(content) },
          ...times,
        });
    }
  },
};
