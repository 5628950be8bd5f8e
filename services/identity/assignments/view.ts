/** One item of GET /v3/role_assignments. */
import type { Identity } from '../context.ts';
import { findProject } from '../projects/store.ts';
import { role as roles } from '../roles/resource.ts';
import type { actorNames } from './actor-names.ts';
import type { EffectiveAssignment } from './expand.ts';

export async function assignmentView(
  { db }: Identity,
  assignment: EffectiveAssignment,
  names: ReturnType<typeof actorNames> | undefined,
  base: string,
) {
  const { actorKind, actorId, targetKind, targetId, roleId, inherited } = assignment;
  const domainOf = async (id: string) => ({ id, name: (await findProject(db, { id }))?.name ?? id });
  const actor = async () => {
    if (!names) return { id: actorId };
    const { name, domainId } = await names(actorKind, actorId);
    return { id: actorId, name, domain: await domainOf(domainId) };
  };
  const role = async () => {
    if (!names) return { id: roleId };
    const { name, domainKey } = await roles.rows.get(db, roleId);
    return { id: roleId, name, ...(domainKey ? { domain: await domainOf(domainKey) } : {}) };
  };
  const target = async () => {
    if (targetKind === 'system') return { system: { all: true } };
    if (!names) return { [targetKind]: { id: targetId } };
    const found = await findProject(db, { id: targetId });
    const own = { id: targetId, name: found?.name ?? targetId };
    return { [targetKind]: targetKind === 'domain' ? own : { ...own, domain: await domainOf(found?.domainId ?? '') } };
  };
  const scope = { ...(await target()), ...(inherited ? { 'OS-INHERIT:inherited_to': 'projects' } : {}) };
  return { [actorKind]: await actor(), role: await role(), scope, links: linksOf(assignment, `${base}/v3`) };
}

/** Links to the grant, and to the membership and the implied role that make it effective. */
function linksOf({ source, actorKind, actorId, roleId, priorId }: EffectiveAssignment, base: string) {
  const place = source.targetKind === 'system' ? 'system' : `${source.targetKind}s/${source.targetId}`;
  const grant = `${place}/${source.actorKind}s/${source.actorId}/roles/${priorId ?? roleId}`;
  return {
    assignment: source.inherited ? `${base}/OS-INHERIT/${grant}/inherited_to_projects` : `${base}/${grant}`,
    ...(actorKind === source.actorKind ? {} : { membership: `${base}/groups/${source.actorId}/users/${actorId}` }),
    // The implied role comes first: Keystone writes the URL in this order.
    ...(priorId ? { prior_role: `${base}/prior_role/${roleId}/implies/${priorId}` } : {}),
  };
}
