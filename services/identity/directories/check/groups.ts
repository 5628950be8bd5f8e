import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import { parseDn } from '../../drivers/ldap/dn.ts';
import { type LdapGroup, valuesOf } from '../../drivers/ldap/entries.ts';
import { checkAttribute, checkEntries } from './entries.ts';
import { type Report, summarize } from './report.ts';
import { subjectOf } from './subject.ts';

/** Number of groups whose members are listed. */
const listedGroups = 5;

export async function checkGroups(report: Report, directory: LdapDirectory): Promise<readonly LdapGroup[]> {
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
  if (full.length > 0 && empty.length > 0) report.note(`groups without members: ${summarize(empty, 5)}`);
  checkKind(
    report,
    directory,
    full.flatMap((entry) => valuesOf(entry, attribute)),
  );
  const groups = await directory.groups.list([]);
  for (const group of groups.slice(0, listedGroups)) await checkMembers(report, directory, group);
  return groups;
}

/** Members named by DN but read as ids, or the reverse, match no user. */
function checkKind(report: Report, { options }: LdapDirectory, values: readonly string[]): void {
  const dns = values.filter((value) => parseDn(value) !== undefined).length;
  if (options.group_members_are_ids && dns > 0)
    report.problem(`groups name ${dns} members by DN, but are read by id`, 'set ldap.group_members_are_ids to false');
  if (!options.group_members_are_ids && dns < values.length)
    report.problem(
      `groups name members by values that are not DNs: ${summarize(
        values.filter((value) => parseDn(value) === undefined),
        3,
      )}`,
      'set ldap.group_members_are_ids to true, as for posixGroup',
    );
}

async function checkMembers(report: Report, directory: LdapDirectory, group: LdapGroup): Promise<void> {
  const members = (await directory.membersOf(group)).map(({ name }) => name);
  report.fact(`${group.name}: ${members.length > 0 ? summarize(members) : 'no members that are users'} (${group.dn})`);
}
