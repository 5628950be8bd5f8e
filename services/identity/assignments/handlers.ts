import { type Answer, type Call, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { findGroup, findUser, ldapDomainOf } from '../directories/users-and-groups.ts';
import { findProject } from '../projects/store.ts';
import { couldNotFind } from '../resources/store.ts';
import { collection, listOf } from '../resources/view.ts';
import { grantedRoleView, role } from '../roles/resource.ts';
import { listRolesIn } from '../roles/store.ts';
import { queryAssignments } from './list.ts';
import { grant, revokeGrant } from './operations.ts';
import { type Assignment, hasAssignment, listAssignments } from './store.ts';

/** What the path of a grant says beside ids. */
export type GrantKind = Pick<Assignment, 'targetKind' | 'actorKind' | 'inherited'>;

/** The target attributes of the rules: the domains of actor, target and role. Absent ones are left out and refused later. */
async function ruleTarget(identity: Identity, { actorKind, actorId, targetKind, targetId, roleId }: Assignment) {
  const { db } = identity;
  const domainId = await domainOfActor(identity, actorKind, actorId);
  const target = targetKind === 'system' ? undefined : await findProject(db, { id: targetId });
  const granted = roleId ? await role.rows.find(db, { id: roleId }) : undefined;
  return {
    ...(domainId ? { [`target.${actorKind}.domain_id`]: domainId } : {}),
    ...(target && targetKind === 'project' ? { 'target.project.domain_id': target.domainId } : {}),
    ...(target && targetKind === 'domain' ? { 'target.domain.id': target.id } : {}),
    ...(granted ? { 'target.role.domain_id': granted.domainKey || null, 'target.role.name': granted.name } : {}),
  };
}

/** Does not ask LDAP directories: the domains of their ids are in `id_mapping`. */
async function domainOfActor(
  identity: Identity,
  kind: GrantKind['actorKind'],
  id: string,
): Promise<string | undefined> {
  const ldapDomain = await ldapDomainOf(identity, id);
  return ldapDomain ?? (await (kind === 'user' ? findUser(identity, id) : findGroup(identity, id)))?.domainId;
}

interface GrantVerb {
  /** The rule, and that of a grant on the system, which ends with the kind of actor. */
  readonly rule: string;
  readonly systemRule: string;
  run(identity: Identity, assignment: Assignment, call: Call): Promise<Answer>;
}

export const grantVerbs = {
  list: {
    rule: 'list_grants',
    systemRule: 'list_system_grants_for',
    run: async ({ db }, { roleId: _, ...filter }, call) => {
      const held = (await listAssignments(db, filter)).map(({ roleId }) => roleId);
      return listOf(call, { many: role.many, view: grantedRoleView }, await listRolesIn(db, held));
    },
  },
  put: {
    rule: 'create_grant',
    systemRule: 'create_system_grant_for',
    run: async (identity, assignment) => {
      await grant(identity, assignment);
      return noContent();
    },
  },
  check: {
    rule: 'check_grant',
    systemRule: 'check_system_grant_for',
    run: async ({ db }, assignment) => {
      if (!(await hasAssignment(db, assignment))) throw couldNotFind('role assignment with role', assignment.roleId);
      return noContent();
    },
  },
  remove: {
    rule: 'revoke_grant',
    systemRule: 'revoke_system_grant_for',
    run: async (identity, assignment) => {
      await revokeGrant(identity, assignment);
      return noContent();
    },
  },
} as const satisfies Readonly<Record<string, GrantVerb>>;

export const grantRule = ({ targetKind, actorKind }: GrantKind, { rule, systemRule }: GrantVerb): string =>
  `identity:${targetKind === 'system' ? `${systemRule}_${actorKind}` : rule}`;

/** Reads the grant from its path, /v3/projects/:id/users/:actorId/roles/:roleId, and checks the rule with it as target. */
export const grantHandler =
  (kind: GrantKind, verb: GrantVerb): Handler<Identity> =>
  async (identity, call) => {
    const { id = 'all', actorId = '', roleId = '' } = call.params;
    const assignment = { ...kind, actorId, targetId: id, roleId };
    call.authorize(grantRule(kind, verb), await ruleTarget(identity, assignment));
    return verb.run(identity, assignment, call);
  };

/** A domain-scoped token sees assignments in its domain. */
export const listRoleAssignments: Handler<Identity> = async (identity, call) => {
  const { domainId } = call.caller;
  const tree = call.query.include_subtree !== undefined;
  const rule = tree ? 'identity:list_role_assignments_for_tree' : 'identity:list_role_assignments';
  call.authorize(rule, await treeTarget(identity, call, tree));
  return ok(collection(call, 'role_assignments', await queryAssignments(identity, call.query, call.base, domainId)));
};

async function treeTarget({ db }: Identity, { query, caller }: Call, tree: boolean) {
  const project = tree ? await findProject(db, { id: query['scope.project.id'] ?? '' }) : undefined;
  const domain = project?.domainId ?? caller.domainId;
  return domain ? { 'target.domain_id': domain } : {};
}
