/** The client of the Identity API (Keystone). */
import { Lru } from '#shared/clock/lru.ts';
import { findOne } from './request.ts';
import type { Session } from './session.ts';

interface Project {
  readonly id: string;
}

export interface IdentityClient {
  /** Whether a project exists. Existing projects are cached. */
  projectExists(id: string): Promise<boolean>;
  /** Returns the id of a project of the domain Default, undefined when there is none of that name. */
  findProject(name: string): Promise<string | undefined>;
}

export function identityClient(session: Session): IdentityClient {
  const known = new Lru<true>(10_000);
  return {
    projectExists: async (id) => {
      if (known.get(id)) return true;
      const found = await findOne(session.json<unknown>('identity', `/projects/${encodeURIComponent(id)}`));
      if (found) known.set(id, true);
      return found !== undefined;
    },
    findProject: async (name) => {
      const path = `/projects?${new URLSearchParams({ name, domain_id: 'default' })}`;
      const { projects } = await session.json<{ projects: Project[] }>('identity', path);
      return projects[0]?.id;
    },
  };
}
