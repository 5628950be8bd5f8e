import { shortTime } from '#shared/api/times.ts';
import type { Import } from './store.ts';

const keptMs = 48 * 3_600_000;

/** In the form of a Glance task. */
export function importView(row: Import) {
  const { status: stored, updatedAt: changed, createdAt } = row;
  const [status, updatedAt] = [stored ?? 'success', changed ?? createdAt];
  return {
    id: row.id,
    type: 'api_image_import',
    status,
    owner: row.owner,
    image_id: row.imageId,
    request_id: row.requestId,
    user_id: row.userId,
    input: { image_id: row.imageId, import_req: JSON.parse(row.wish), backend: JSON.parse(row.stores ?? '["file"]') },
    result: null,
    message: row.message ?? '',
    created_at: shortTime(createdAt),
    updated_at: shortTime(updatedAt),
    ...(status === 'processing' ? {} : { expires_at: shortTime(updatedAt + keptMs) }),
  };
}

/** As lists of all tasks show it. */
export function taskView(row: Import) {
  const { input: _input, message: _message, result: _result, ...view } = importView(row);
  return { ...view, self: `/v2/tasks/${row.id}`, schema: '/v2/schemas/task' };
}
