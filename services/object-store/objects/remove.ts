import { newTimestamp } from '#shared/ring/timestamp.ts';
import { verdictOf, write } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { refuse } from '../requests/refusals.ts';
import { type ObjectPath, partsOf } from '../requests/request.ts';

/** Returns false when no replica had it. */
export async function removeObject(store: ObjectStore, target: ObjectPath): Promise<boolean> {
  const headers = { 'x-timestamp': newTimestamp() };
  const answers = await write(store, {
    kind: 'object',
    method: 'DELETE',
    path: partsOf(target),
    headers,
    share: 'x-container-replicas',
  });
  const status = verdictOf(
    store,
    answers.map((each) => (each.status === 404 ? { ...each, status: 204 } : each)),
  );
  if (status >= 400) throw refuse(status);
  return answers.some((each) => each.status < 300);
}
