import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { findGroup, findUser, ldapDomainOf } from '../directories/users-and-groups.ts';
import { findProject } from '../projects/store.ts';
import { findRole, getRole } from '../roles/store.ts';
import { queryAssignments } from './list.ts';
import { grant, revokeGrant } from './operations.ts';
import { type Assignment, grantNotFound, hasAssignment, listAssignments } from './store.ts';

type TargetKind = Assignment['targetKind'];
type ActorKind = Assignment['actorKind'];

/** Reads the grant from its path: /v3/projects/:id/users/:actorId/roles/:roleId. */
const assignmentOf = (
  targetKind: TargetKind,
  actorKind: ActorKind,
  inherited: boolean,
  { params }: Pick<Call, 'params'>,
): Assignment => ({
  actorKind,
  actorId: params.actorId ?? '',
  targetKind,
  targetId: targetKind === 'system' ? 'all' : (params.id ?? ''),
  roleId: params.roleId ?? '',
  inherited,
});

/**
 * The target attributes of the rules: the domains of actor, target and role. Absent ones are left out and refused
 * later.
 */
async function ruleTarget(identity: Identity, { actorKind, actorId, targetKind, targetId, roleId }: Assignment) {
  const { db } = identity;
  const domainId = await domainOfActor(identity, actorKind, actorId);
  const target = targetKind === 'system' ? undefined : await findProject(db, { id: targetId });
  const role = roleId ? await findRole(db, roleId) : undefined;
  return {
    ...(domainId ? { [`target.${actorKind}.domain_id`]: domainId } : {}),
    ...(target && targetKind === 'project' ? { 'target.project.domain_id': target.domainId } : {}),
    ...(target && targetKind === 'domain' ? { 'target.domain.id': target.id } : {}),
    ...(role ? { 'target.role.domain_id': role.domainId, 'target.role.name': role.name } : {}),
  };
}

/** Does not ask LDAP directories: the domains of their ids are in `id_mapping`. */
async function domainOfActor(identity: Identity, kind: ActorKind, id: string): Promise<string | undefined> {
  const ldapDomain = await ldapDomainOf(identity, id);
  return ldapDomain ?? (await (kind === 'user' ? findUser(identity, id) : findGroup(identity, id)))?.domainId;
}

const grantRules = { head: 'check_grant', list: 'list_grants', put: 'create_grant', remove: 'revoke_grant' } as const;
const systemGrantRules = (actor: ActorKind) => ({
  head: `check_system_grant_for_${actor}`,
  list: `list_system_grants_for_${actor}`,
  put: `create_system_grant_for_${actor}`,
  remove: `revoke_system_grant_for_${actor}`,
});

/** The four handlers of one kind of grant; each checks its rule with the grant as target. */
export function grantHandlers(targetKind: TargetKind, actorKind: ActorKind, inherited = false) {
  const rules = targetKind === 'system' ? systemGrantRules(actorKind) : grantRules;
  const authorize = async (identity: Identity, call: Call, verb: keyof typeof grantRules) => {
    const assignment = assignmentOf(targetKind, actorKind, inherited, call);
    call.authorize(`identity:${rules[verb]}`, await ruleTarget(identity, assignment));
  };
  const put: Handler<Identity> = async (identity, call) => {
    await authorize(identity, call, 'put');
    await grant(identity, assignmentOf(targetKind, actorKind, inherited, call));
    return gone();
  };
  const head: Handler<Identity> = async (identity, call) => {
    await authorize(identity, call, 'head');
    const { db } = identity;
    const assignment = assignmentOf(targetKind, actorKind, inherited, call);
    if (!(await hasAssignment(db, assignment))) throw grantNotFound(assignment);
    return gone();
  };
  const remove: Handler<Identity> = async (identity, call) => {
    await authorize(identity, call, 'remove');
    await revokeGrant(identity, assignmentOf(targetKind, actorKind, inherited, call));
    return gone();
  };
  const list: Handler<Identity> = async (identity, call) => {
    await authorize(identity, call, 'list');
    const { db } = identity;
    const { roleId: _, ...filter } = assignmentOf(targetKind, actorKind, inherited, call);
    const found = await listAssignments(db, filter);
    const roles = await Promise.all(found.map(({ roleId }) => getRole(db, roleId)));
    const views = roles.map(({ id, name, domainId, description, options }) => ({
      id,
      name,
      domain_id: domainId,
      description,
      options,
      links: { self: `${call.base}/v3/roles/${id}` },
    }));
    return ok(collection(call, 'roles', views));
  };
  return { rules, put, head, remove, list };
}

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
