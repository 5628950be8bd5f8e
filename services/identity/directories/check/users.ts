import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import type { LdapUser } from '../../drivers/ldap/entries.ts';
import { valuesOf } from '../../drivers/ldap/entries.ts';
import { equals, everything } from '../../drivers/ldap/filter.ts';
import { checkEntries } from './entries.ts';
import { counted, type Report, summarize } from './report.ts';
import { filtersOf, subjectOf } from './subject.ts';

/** Reports the number of users, who is disabled, and a few examples. */
export async function checkUsers(report: Report, directory: LdapDirectory): Promise<readonly LdapUser[]> {
  report.heading('Users');
  const { options } = directory;
  const attribute = options.user_enabled_attribute;
  const subject = subjectOf(directory, 'user');
  const entries = await checkEntries(report, directory, { subject, attributes: [attribute] });
  const users = entries.length > 0 ? await directory.users.list([]) : [];
  const disabled = users.filter(({ enabled }) => !enabled);
  const reason = options.user_enabled_emulation ? 'the group of ldap.user_enabled_emulation_dn' : attribute;
  if (users.length > 0 && disabled.length === users.length)
    report.problem(
      `all of them are disabled by ${reason}`,
      'see ldap.user_enabled_attribute, _mask, _invert and _default',
    );
  else if (disabled.length > 0)
    report.fact(`${counted(disabled.length, 'user')} disabled: ${summarize(disabled.map(({ name }) => name))}`);
  const hasNoValues = entries.length > 0 && !entries.some((entry) => valuesOf(entry, attribute).length > 0);
  if (hasNoValues && attribute !== 'enabled' && !options.user_enabled_emulation)
    report.note(`no entry has ${attribute}, so ldap.user_enabled_default applies to all`);
  for (const user of users.slice(0, 3)) report.fact(describeUser(user));
  return users;
}

export const describeUser = ({ name, localId, enabled, extra, dn }: LdapUser): string =>
  `${name}: id ${localId}, ${enabled ? 'enabled' : 'disabled'}, ${extra.email ?? 'no address'} (${dn})`;

/** The named user, or a report why there is none. */
export async function checkUser(report: Report, directory: LdapDirectory, name: string): Promise<LdapUser | undefined> {
  const user = await directory.users.named(name);
  if (user) return user;
  const subject = subjectOf(directory, 'user');
  const { connection } = directory;
  const query = {
    base: subject.base,
    scope: 'sub',
    filter: equals(subject.name, name),
    attributes: ['objectClass'],
  } as const;
  const [entry] = await connection.search(query);
  const problem = `no entry below ${subject.base} has the ${subject.name} ${name}`;
  if (!entry)
    report.problem(problem, `ldap.user_name_attribute is ${subject.name}: does ${name} log in with that attribute?`);
  else
    report.problem(
      `${entry.dn} is called ${name}, but is not among the users`,
      await explainMismatch(directory, entry.dn),
    );
  return undefined;
}

async function explainMismatch(directory: LdapDirectory, dn: string): Promise<string> {
  const subject = subjectOf(directory, 'user');
  const passes = async (filter: ReturnType<typeof filtersOf>[number]) =>
    (await directory.connection.search({ base: dn, scope: 'base', filter, attributes: ['objectClass'] })).length > 0;
  const [classFilter = everything, filter] = filtersOf(subject);
  if (!(await passes(classFilter))) return `it does not have the class ${subject.objectClass} (ldap.user_objectclass)`;
  if (filter && !(await passes(filter))) return `it does not pass ldap.user_filter: ${subject.filter}`;
  return 'it is below the scope of ldap.query_scope, or has no id';
}
