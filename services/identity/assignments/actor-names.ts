/** Names of users and groups for one list. */
import type { Identity } from '../context.ts';
import { directoryOf, ldapDomainOf } from '../directories/users-and-groups.ts';
import { DirectoryError } from '../drivers/ldap/directory-error.ts';
import type { Assignment } from './store.ts';

interface Actor {
  readonly name: string;
  readonly domainId: string;
}

const nobody: Actor = { name: '', domainId: '' };

/** Whom a directory has lost has no name any more, as in Keystone; nor has anybody of one that is away, which is asked once. */
export function actorNames(identity: Identity) {
  const away = new Set<string>();
  const known = new Map<string, Actor>();
  const look = async (kind: Assignment['actorKind'], id: string): Promise<Actor> => {
    const domainId = (await ldapDomainOf(identity, id)) ?? '';
    if (away.has(domainId)) return nobody;
    const directory = directoryOf(identity, domainId);
    try {
      return (await (kind === 'user' ? directory.findUser(id) : directory.findGroup(id))) ?? nobody;
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      away.add(domainId);
      return nobody;
    }
  };
  return async (kind: Assignment['actorKind'], id: string): Promise<Actor> => {
    const actor = known.get(id) ?? (await look(kind, id));
    known.set(id, actor);
    return actor;
  };
}
