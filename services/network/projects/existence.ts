/** Asks identity whether a project exists. */
import type { Session } from '#shared/clients/session.ts';
import { Lru } from '#shared/clock/lru.ts';
import { Fault } from '#shared/errors/fault.ts';

export type ProjectExists = (projectId: string) => Promise<boolean>;

/** Existing projects are cached. Throws when identity does not answer. */
export function projectsOf(session: Session): ProjectExists {
  const known = new Lru<true>(10_000);
  return async (projectId) => {
    if (known.get(projectId)) return true;
    try {
      await session.json('identity', `/projects/${encodeURIComponent(projectId)}`);
    } catch (error) {
      if (error instanceof Fault && error.status === 404) return false;
      throw error;
    }
    known.set(projectId, true);
    return true;
  };
}
