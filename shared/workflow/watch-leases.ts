import type { Knex } from 'knex';
import { openStandstill } from '#shared/clock/standstill.ts';
import type { Task } from './tasks.ts';

/**
 * Returns a function that frees the tasks of processes that have died, and returns their number. A lease has ended when this
 * process has seen no renewal of it for `leaseMs` by its monotonic clock, so wall clocks that differ or are set end no lease
 * early and prolong none.
 */
export function openLeaseWatch(db: Knex, leaseMs: number): () => Promise<number> {
  const standstill = openStandstill(leaseMs);
  return async () => {
    const held = await db<Task>('tasks').whereNotNull('owner').orWhereNotNull('after').select('id', 'claim', 'freeAt');
    const byId = new Map(held.map((task) => [task.id, task]));
    let freed = 0;
    for (const id of standstill(new Map(held.map(({ id, claim, freeAt }) => [id, `${claim} ${freeAt}`])))) {
      const { claim, freeAt } = byId.get(id) as Task;
      freed += await db<Task>('tasks').where({ id, claim, freeAt }).update({ owner: null, after: null, freeAt: 0 });
    }
    return freed;
  };
}
