/** Projects of a mapping: created where missing, with the roles of the user. */
import type { Caller } from '#shared/auth/caller.ts';
import { Fault, forbidden, unauthorized } from '#shared/errors/fault.ts';
import { type Assignment, ensureAssignment, listAssignments, removeAssignment } from '../assignments/store.ts';
import type { Identity } from '../context.ts';
import { revoke } from '../keys/revoke.ts';
import { createProject } from '../projects/operations.ts';
import { type Project, project } from '../projects/resource.ts';
import { findProject } from '../projects/store.ts';
import { isGlobal, type Role } from '../roles/resource.ts';
import { listAllRoles } from '../roles/store.ts';
import { findDomainNamed } from '../tokens/scope.ts';
import type { User } from '../users/resource.ts';
import type { IdentityProvider } from './resource.ts';
import type { MappedProject } from './rules.ts';

/** An existing or new project, and existing roles. */
interface Plan {
  readonly name: string;
  readonly domainId: string;
  readonly roles: readonly Role[];
}

/**
 * Throws when a role or a domain of the mapping does not exist, before anything is created. `domainId`: of the user.
 */
export async function plansFor(
  { db }: Identity,
  projects: readonly MappedProject[],
  { idp, domainId }: { readonly idp: IdentityProvider; readonly domainId: string },
): Promise<readonly Plan[]> {
  const known = projects.length > 0 ? await listAllRoles(db) : [];
  const plans: Plan[] = [];
  for (const { name, domain, roles } of projects) {
    const owner = domain ? await findDomainNamed(db, domain) : { id: idp.domainId };
    if (!owner) throw unauthorized(`The domain of the project ${name} that the mapping gives is not there.`);
    plans.push({ name, domainId: owner.id, roles: roles.map((role) => roleNamed(known, role.name, domainId)) });
  }
  return plans;
}

/** With `sync`, roles on other projects are revoked. */
export async function provision(
  identity: Identity,
  caller: Caller,
  user: User,
  { plans, sync }: { readonly plans: readonly Plan[]; readonly sync: boolean },
): Promise<void> {
  if (plans.length === 0 && !sync) return;
  const wanted: Assignment[] = [];
  for (const plan of plans) {
    const { id } = await ensureProject(identity, caller, plan);
    wanted.push(...plan.roles.map((role) => onProject(user, id, role)));
  }
  const revoked = await applyAssignments(identity, user, wanted, sync);
  if (revoked > 0) await identity.tokenKeysChanged();
}

const onProject = (user: User, targetId: string, { id: roleId }: Role): Assignment => ({
  actorKind: 'user',
  actorId: user.id,
  targetKind: 'project',
  targetId,
  roleId,
  inherited: false,
});

function roleNamed(known: readonly Role[], name: string, domainId: string): Role {
  const named = known.filter((role) => role.name === name);
  const role = named.find(isGlobal) ?? named.find((each) => each.domainKey === domainId);
  if (role) return role;
  if (named.length === 0) throw unauthorized(`The role ${name} that the mapping gives is not there.`);
  throw forbidden(`The role ${name} that the mapping gives belongs to another domain than the user.`);
}

async function ensureProject(identity: Identity, caller: Caller, { name, domainId }: Plan): Promise<Project> {
  const find = () => findProject(identity.db, { name, domainId });
  const known = await find();
  if (known) return known;
  return createProject(identity, caller, project.create({ name, domain_id: domainId })).catch(
    async (error: unknown) => {
      // a concurrent login created the project
      const existing = error instanceof Fault && error.status === 409 ? await find() : undefined;
      if (existing) return existing;
      throw error;
    },
  );
}

const isSame = (a: Assignment, b: Assignment) => a.targetId === b.targetId && a.roleId === b.roleId;

/** Resolves with the number of revoked roles. */
function applyAssignments(
  identity: Identity,
  { id: actorId }: User,
  wanted: readonly Assignment[],
  sync: boolean,
): Promise<number> {
  return identity.db.transaction(async (tx) => {
    for (const assignment of wanted) await ensureAssignment(tx, assignment);
    if (!sync) return 0;
    const held = await listAssignments(tx, { actorKind: 'user', actorId, targetKind: 'project', inherited: false });
    const revoked = held.filter((each) => !wanted.some((other) => isSame(each, other)));
    for (const assignment of revoked) {
      await removeAssignment(tx, assignment);
      await revoke(identity, tx, { user: actorId, project: assignment.targetId });
    }
    return revoked.length;
  });
}
