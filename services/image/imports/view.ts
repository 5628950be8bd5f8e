import { shortTime } from '#shared/api/times.ts';
import type { Import } from './store.ts';

const keptMs = 48 * 3_600_000;

/** In the form of a finished Glance task. */
export const importView = (row: Import) => ({
  id: row.id,
  type: 'api_image_import',
  status: 'success',
  owner: row.owner,
  image_id: row.imageId,
  request_id: row.requestId,
  user_id: row.userId,
  input: { image_id: row.imageId, import_req: JSON.parse(row.wish), backend: ['file'] },
  result: null,
  message: '',
  created_at: shortTime(row.createdAt),
  updated_at: shortTime(row.createdAt),
  expires_at: shortTime(row.createdAt + keptMs),
});
