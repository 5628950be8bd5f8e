import { ensureIndex, type Migration } from '#shared/db/migrate.ts';

/** Behind each list and its order, and behind what a deleted project or role takes with it. */
const indexes: readonly (readonly [table: string, columns: readonly string[]])[] = [
  ['users', ['domainId', 'id']],
  ['users', ['defaultProjectId']],
  ['groups', ['domainId', 'id']],
  ['projects', ['isDomain', 'id']],
  ['project_tags', ['name']],
  ['assignments', ['roleId']],
  ['implied_roles', ['impliedId']],
  ['application_credentials', ['projectId']],
  ['credentials', ['projectId']],
  ['trusts', ['projectId']],
  ['oauth_request_tokens', ['projectId']],
  ['oauth_access_tokens', ['projectId']],
  ['endpoints', ['regionId']],
  ['regions', ['parentId']],
  ['limits', ['serviceId', 'regionId', 'resourceName']],
];

export const listIndexes: Migration = {
  name: '013-list-indexes',
  up: async (tx) => {
    for (const [table, columns] of indexes) await ensureIndex(tx, table, [...columns]);
  },
};
