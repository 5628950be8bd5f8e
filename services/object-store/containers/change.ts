import type { Headers } from '#shared/contracts/object-agent.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { refusedAs, verdictOf, write } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { type ObjectPath, partsOf } from '../requests/request.ts';

/** Throws what a quorum of the replicas refuses. */
export async function changeContainer(
  store: ObjectStore,
  target: ObjectPath,
  method: 'PUT' | 'POST' | 'DELETE',
  about: Headers = {},
): Promise<number> {
  const headers = { ...about, 'x-timestamp': newTimestamp() };
  const answers = await write(store, {
    kind: 'container',
    method,
    path: partsOf(target),
    headers,
    share: 'x-account-replicas',
  });
  const status = verdictOf(store, answers);
  if (status >= 400) throw refusedAs(status, answers);
  return status;
}
