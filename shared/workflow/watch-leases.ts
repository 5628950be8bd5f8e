import type { Knex } from 'knex';
import { openStandstill } from '#shared/clock/standstill.ts';
import type { Task } from './tasks.ts';

/**
 * Frees tasks whose owner fell silent. A lease has lapsed when this process has seen it unrenewed for its whole length by
 * its own monotonic clock: controllers whose wall clocks differ, or are set, neither lose a lease nor take one that lives.
 * Gives how many it freed.
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
