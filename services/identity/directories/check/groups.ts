import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import { parseDn } from '../../drivers/ldap/dn.ts';
import { type Team, valuesOf } from '../../drivers/ldap/entries.ts';
import { checkAttribute, checkEntries } from './entries.ts';
import { type Report, some } from './report.ts';
import { subjectOf } from './subject.ts';

/** So many groups are looked into. */
const looked = 5;

export async function checkTeams(report: Report, directory: LdapDirectory): Promise<readonly Team[]> {
  report.heading('Groups');
  const { options } = directory;
  const attribute = options.group_member_attribute;
  const subject = subjectOf(directory, 'group');
  const entries = await checkEntries(report, directory, { subject, attributes: [attribute] });
  if (entries.length === 0) return [];
  const full = entries.filter((entry) => valuesOf(entry, attribute).length > 0);
  if (full.length === 0)
    await checkAttribute(report, directory, {
      found: entries,
      attribute,
      option: 'ldap.group_member_attribute',
      what: 'group',
    });
  const empty = entries.filter((entry) => !full.includes(entry)).map(({ dn }) => dn);
  if (full.length > 0 && empty.length > 0) report.note(`groups without members: ${some(empty, 5)}`);
  checkKind(
    report,
    directory,
    full.flatMap((entry) => valuesOf(entry, attribute)),
  );
  const teams = await directory.teams.list([]);
  for (const team of teams.slice(0, looked)) await checkMembers(report, directory, team);
  return teams;
}

/** Members by DN read as ids, or the other way round, are members that nobody is. */
function checkKind(report: Report, { options }: LdapDirectory, values: readonly string[]): void {
  const dns = values.filter((value) => parseDn(value) !== undefined).length;
  if (options.group_members_are_ids && dns > 0)
    report.problem(`groups name ${dns} members by DN, but are read by id`, 'set ldap.group_members_are_ids to false');
  if (!options.group_members_are_ids && dns < values.length)
    report.problem(
      `groups name members by what is no DN: ${some(
        values.filter((value) => parseDn(value) === undefined),
        3,
      )}`,
      'set ldap.group_members_are_ids to true, as for posixGroup',
    );
}

async function checkMembers(report: Report, directory: LdapDirectory, team: Team): Promise<void> {
  const members = (await directory.membersOf(team)).map(({ name }) => name);
  report.fact(`${team.name}: ${members.length > 0 ? some(members) : 'nobody who is a user here'} (${team.dn})`);
}
