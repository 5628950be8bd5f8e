import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import type { Person } from '../../drivers/ldap/entries.ts';
import { valuesOf } from '../../drivers/ldap/entries.ts';
import { equals, everything } from '../../drivers/ldap/filter.ts';
import { checkEntries } from './entries.ts';
import { counted, type Report, some } from './report.ts';
import { filtersOf, subjectOf } from './subject.ts';

/** How many, who may log in, and some of them as Wattle would see them. */
export async function checkPeople(report: Report, directory: LdapDirectory): Promise<readonly Person[]> {
  report.heading('Users');
  const { options } = directory;
  const attribute = options.user_enabled_attribute;
  const subject = subjectOf(directory, 'user');
  const entries = await checkEntries(report, directory, { subject, attributes: [attribute] });
  const people = entries.length > 0 ? await directory.people.list([]) : [];
  const disabled = people.filter(({ enabled }) => !enabled);
  const reason = options.user_enabled_emulation ? 'the group of ldap.user_enabled_emulation_dn' : attribute;
  if (people.length > 0 && disabled.length === people.length)
    report.problem(
      `all of them are disabled, as ${reason} says`,
      'see ldap.user_enabled_attribute, _mask, _invert and _default',
    );
  else if (disabled.length > 0)
    report.fact(`${counted(disabled.length, 'user')} disabled: ${some(disabled.map(({ name }) => name))}`);
  const isSilent = entries.length > 0 && !entries.some((entry) => valuesOf(entry, attribute).length > 0);
  if (isSilent && attribute !== 'enabled' && !options.user_enabled_emulation)
    report.note(`none has ${attribute}, so all are what ldap.user_enabled_default says`);
  for (const person of people.slice(0, 3)) report.fact(describeUser(person));
  return people;
}

export const describeUser = ({ name, localId, enabled, extra, dn }: Person): string =>
  `${name}: id ${localId}, ${enabled ? 'enabled' : 'disabled'}, ${extra.email ?? 'no address'} (${dn})`;

/** The one that is asked for, or why not. */
export async function checkPerson(report: Report, directory: LdapDirectory, name: string): Promise<Person | undefined> {
  const person = await directory.people.named(name);
  if (person) return person;
  const subject = subjectOf(directory, 'user');
  const { connection } = directory;
  const query = {
    base: subject.base,
    scope: 'sub',
    filter: equals(subject.name, name),
    attributes: ['objectClass'],
  } as const;
  const [entry] = await connection.search(query);
  const nobody = `nobody below ${subject.base} has the ${subject.name} ${name}`;
  if (!entry) report.problem(nobody, `ldap.user_name_attribute is ${subject.name}: is that what ${name} logs in with?`);
  else
    report.problem(
      `${entry.dn} is called ${name}, but is none of the users`,
      await explainMismatch(directory, entry.dn),
    );
  return undefined;
}

async function explainMismatch(directory: LdapDirectory, dn: string): Promise<string> {
  const subject = subjectOf(directory, 'user');
  const passes = async (filter: ReturnType<typeof filtersOf>[number]) =>
    (await directory.connection.search({ base: dn, scope: 'base', filter, attributes: ['objectClass'] })).length > 0;
  const [ofClass = everything, filter] = filtersOf(subject);
  if (!(await passes(ofClass))) return `it has not the class ${subject.objectClass} (ldap.user_objectclass)`;
  if (filter && !(await passes(filter))) return `it does not pass ldap.user_filter: ${subject.filter}`;
  return 'it lies deeper than ldap.query_scope looks, or has no id';
}
