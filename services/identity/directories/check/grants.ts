/** Who would get which roles where, and why. */
import type { Knex } from 'knex';
import { withImplied } from '../../assignments/effective.ts';
import { type Assignment, listAssignments, listAssignmentsOf } from '../../assignments/store.ts';
import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import type { Person, Team } from '../../drivers/ldap/entries.ts';
import { findProject, type Project } from '../../projects/store.ts';
import { listAllRoles, listImplications } from '../../roles/store.ts';
import { publicIdOf } from '../public-id.ts';
import { type Report, some } from './report.ts';

interface Place {
  readonly db: Knex;
  readonly domain: Project;
  readonly directory: LdapDirectory;
}

/** Which groups of the directory have a role anywhere. */
export async function checkGrants(report: Report, { db, domain }: Place, teams: readonly Team[]): Promise<void> {
  report.heading('Roles');
  const names = new Map(teams.map((team) => [idOf(domain, 'group', team), team.name]));
  const given = (await listAssignments(db, { actorKind: 'group' })).filter(({ actorId }) => names.has(actorId));
  for (const each of given) report.fact(`group ${names.get(each.actorId)}: ${await grantLine(db, each)}`);
  if (given.length > 0 || teams.length === 0) return;
  const help = `openstack role add --group ${teams[0]?.name} --group-domain ${domain.name} --project PROJECT member`;
  report.note('no group of the directory has a role anywhere', help);
}

/** What one person would get by logging in. */
export async function checkPersonsGrants(report: Report, place: Place, person: Person): Promise<void> {
  const { db, domain, directory } = place;
  const teams = await directory.teamsOf(person);
  const names = new Map(teams.map((team) => [idOf(domain, 'group', team), team.name]));
  const own = idOf(domain, 'user', person);
  report.fact(
    `${person.name} is in ${teams.length > 0 ? some(teams.map(({ name }) => name)) : 'no group'}; user id ${own}`,
  );
  if (!person.enabled) report.note(`${person.name} is disabled and cannot log in`);
  const given = await listAssignmentsOf(db, own, [...names.keys()]);
  for (const each of given) {
    const why = each.actorKind === 'user' ? 'given to the user' : `by group ${names.get(each.actorId)}`;
    report.fact(`${person.name}: ${await grantLine(db, each)} (${why})`);
  }
  if (given.length === 0) report.note(`${person.name} has no role anywhere: a login would reach no project`);
}

const idOf = ({ id: domainId }: Project, kind: 'user' | 'group', { localId }: Person | Team): string =>
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
