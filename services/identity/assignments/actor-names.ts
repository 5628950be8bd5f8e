/** Names of users and groups, cached for one list. */
import type { Identity } from '../context.ts';
import { directoryOf, ldapDomainOf } from '../directories/users-and-groups.ts';
import { DirectoryError } from '../drivers/ldap/directory-error.ts';
import type { Assignment } from './store.ts';

interface Actor {
  readonly name: string;
  readonly domainId: string;
}

const unknownActor: Actor = { name: '', domainId: '' };

/**
 * A user that its directory has deleted has no name, as in Keystone. A directory that does not answer is asked once
 * per list; its users have no names either.
 */
export function actorNames(identity: Identity) {
  const unreachable = new Set<string>();
  const known = new Map<string, Actor>();
  const find = async (kind: Assignment['actorKind'], id: string): Promise<Actor> => {
    const domainId = (await ldapDomainOf(identity, id)) ?? '';
    if (unreachable.has(domainId)) return unknownActor;
    const directory = directoryOf(identity, domainId);
    try {
      return (await (kind === 'user' ? directory.findUser(id) : directory.findGroup(id))) ?? unknownActor;
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      unreachable.add(domainId);
      return unknownActor;
    }
  };
  return async (kind: Assignment['actorKind'], id: string): Promise<Actor> => {
    const actor = known.get(id) ?? (await find(kind, id));
    known.set(id, actor);
    return actor;
  };
}
