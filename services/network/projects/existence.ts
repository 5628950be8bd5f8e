/** Which projects there are, as identity knows them. */
import type { Session } from '#shared/clients/session.ts';
import { Lru } from '#shared/clock/lru.ts';
import { Fault } from '#shared/errors/fault.ts';

export type ProjectExists = (projectId: string) => Promise<boolean>;

/** A project that was seen is not asked for again. Throws when identity does not answer. */
export function projectsOf(session: Session): ProjectExists {
  const seen = new Lru<true>(10_000);
  return async (projectId) => {
    if (seen.get(projectId)) return true;
    try {
      await session.json('identity', `/projects/${encodeURIComponent(projectId)}`);
    } catch (error) {
      if (error instanceof Fault && error.status === 404) return false;
      throw error;
    }
    seen.set(projectId, true);
    return true;
  };
}
