/** The roles that users would get, and by which grants. */
import type { Knex } from 'knex';
import { withImplied } from '../../assignments/effective.ts';
import { type Assignment, listAssignments, listAssignmentsOf } from '../../assignments/store.ts';
import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import type { LdapGroup, LdapUser } from '../../drivers/ldap/entries.ts';
import type { Project } from '../../projects/resource.ts';
import { findProject } from '../../projects/store.ts';
import { listAllRoles, listImplications } from '../../roles/store.ts';
import { publicIdOf } from '../public-id.ts';
import { type Report, summarize } from './report.ts';

interface CheckedDomain {
  readonly db: Knex;
  readonly domain: Project;
  readonly directory: LdapDirectory;
}

/** Reports the groups of the directory that have roles. */
export async function checkGrants(
  report: Report,
  { db, domain }: CheckedDomain,
  groups: readonly LdapGroup[],
): Promise<void> {
  report.heading('Roles');
  const names = new Map(groups.map((group) => [idOf(domain, 'group', group), group.name]));
  const given = (await listAssignments(db, { actorKind: 'group' })).filter(({ actorId }) => names.has(actorId));
  for (const each of given) report.fact(`group ${names.get(each.actorId)}: ${await grantLine(db, each)}`);
  if (given.length > 0 || groups.length === 0) return;
  const help = `openstack role add --group ${groups[0]?.name} --group-domain ${domain.name} --project PROJECT member`;
  report.note('no group of the directory has a role anywhere', help);
}

/** Reports the roles that one user would get at login. */
export async function checkUserGrants(report: Report, checked: CheckedDomain, user: LdapUser): Promise<void> {
  const { db, domain, directory } = checked;
  const groups = await directory.groupsOf(user);
  const names = new Map(groups.map((group) => [idOf(domain, 'group', group), group.name]));
  const own = idOf(domain, 'user', user);
  report.fact(
    `${user.name} is in ${groups.length > 0 ? summarize(groups.map(({ name }) => name)) : 'no group'}; user id ${own}`,
  );
  if (!user.enabled) report.note(`${user.name} is disabled and cannot log in`);
  const given = await listAssignmentsOf(db, own, [...names.keys()]);
  for (const each of given) {
    const why = each.actorKind === 'user' ? 'given to the user' : `by group ${names.get(each.actorId)}`;
    report.fact(`${user.name}: ${await grantLine(db, each)} (${why})`);
  }
  if (given.length === 0) report.note(`${user.name} has no role anywhere: a login would reach no project`);
}

const idOf = ({ id: domainId }: Project, kind: 'user' | 'group', { localId }: LdapUser | LdapGroup): string =>
  publicIdOf({ domainId, kind, localId });

async function grantLine(db: Knex, { roleId, targetKind, targetId, inherited }: Assignment): Promise<string> {
  const names = new Map((await listAllRoles(db)).map(({ id, name }) => [id, name]));
  const [own, ...implied] = withImplied([roleId], await listImplications(db)).map((id) => names.get(id) ?? id);
  const role = implied.length > 0 ? `${own} (and so ${implied.join(', ')})` : own;
  return `${role} ${await placeLine(db, { targetKind, targetId, inherited })}`;
}

async function placeLine(
  db: Knex,
  { targetKind, targetId, inherited }: Pick<Assignment, 'targetKind' | 'targetId' | 'inherited'>,
): Promise<string> {
  if (targetKind === 'system') return 'on the whole cloud';
  const target = await findProject(db, { id: targetId });
  const name = `${targetKind} ${target?.name ?? targetId}`;
  return inherited ? `on all projects below ${name}` : `on ${name}`;
}
