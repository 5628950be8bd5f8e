import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { findRole } from '../roles/store.ts';
import { listDetailed } from './list.ts';
import { grant, withdraw } from './operations.ts';
import { type Assignment, absentGrant, hasAssignment, listAssignments } from './store.ts';

type TargetKind = Assignment['targetKind'];
type ActorKind = Assignment['actorKind'];

/** The path of a grant says it all: /v3/projects/:id/users/:actorId/roles/:roleId. */
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

/** The four verbs of one kind of grant. */
export function grantHandlers(targetKind: TargetKind, actorKind: ActorKind, inherited = false) {
  const put: Handler<Identity> = async (identity, call) => {
    await grant(identity, assignmentOf(targetKind, actorKind, inherited, call));
    return gone();
  };
  const head: Handler<Identity> = async ({ db }, call) => {
    const assignment = assignmentOf(targetKind, actorKind, inherited, call);
    if (!(await hasAssignment(db, assignment))) throw absentGrant(assignment);
    return gone();
  };
  const remove: Handler<Identity> = async (identity, call) => {
    await withdraw(identity, assignmentOf(targetKind, actorKind, inherited, call));
    return gone();
  };
  const list: Handler<Identity> = async ({ db }, call) => {
    const { roleId: _, ...some } = assignmentOf(targetKind, actorKind, inherited, call);
    const found = await listAssignments(db, some);
    const roles = await Promise.all(found.map(({ roleId }) => findRole(db, roleId)));
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
  return { put, head, remove, list };
}

export const listRoleAssignments: Handler<Identity> = async (identity, call) =>
  ok(collection(call, 'role_assignments', await listDetailed(identity, call.query, call.base)));
