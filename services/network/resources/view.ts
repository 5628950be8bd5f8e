import { shortTime } from '#shared/api/times.ts';
import type { Standard } from './store.ts';

/** What clients see of every resource. */
export const standardView = (row: Standard) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  tenant_id: row.projectId,
  project_id: row.projectId,
  tags: row.tags,
  created_at: shortTime(row.createdAt),
  updated_at: shortTime(row.updatedAt),
  revision_number: row.revision,
});
