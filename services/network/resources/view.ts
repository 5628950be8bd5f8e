import type { Standard } from './store.ts';
import { moment } from './values.ts';

/** What clients see of every resource. */
export const standardView = (row: Standard) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  tenant_id: row.projectId,
  project_id: row.projectId,
  tags: row.tags,
  created_at: moment(row.createdAt),
  updated_at: moment(row.updatedAt),
  revision_number: row.revision,
});
