/** How the entries that were found read as users or groups: what they lack, and what two of them share. */
import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import { type Entry, localIdOf, valuesOf } from '../../drivers/ldap/entries.ts';
import { all, everything } from '../../drivers/ldap/filter.ts';
import { explainEmpty } from './explain-empty.ts';
import { counted, type Report, some } from './report.ts';
import { filtersOf, type Subject } from './subject.ts';

/** The entries that pass the filters, with the attributes that are asked for besides; the report says what is odd. */
export async function checkEntries(
  report: Report,
  directory: LdapDirectory,
  { subject, attributes }: { readonly subject: Subject; readonly attributes: readonly string[] },
): Promise<readonly Entry[]> {
  const { base, what, id, name } = subject;
  const scope = directory.options.query_scope;
  const wanted = [...new Set([id, name, ...attributes])];
  const found = await directory.connection.search({
    base,
    scope,
    filter: all(...filtersOf(subject)),
    attributes: wanted,
  });
  if (found.length === 0) {
    await explainEmpty(report, directory, subject);
    return [];
  }
  report.fact(`${counted(found.length, what)} below ${base}`);
  for (const end of ['id', 'name'] as const)
    await checkAttribute(report, directory, {
      found,
      attribute: subject[end],
      option: subject.option(`${end}_attribute`),
      what,
    });
  checkDuplicates(report, found, subject);
  return found;
}

interface Attribute {
  readonly found: readonly Entry[];
  readonly attribute: string;
  readonly option: string;
  readonly what: string;
}

/** Entries without it are nobody. */
export async function checkAttribute(
  report: Report,
  { connection }: LdapDirectory,
  { found, attribute, option, what }: Attribute,
): Promise<void> {
  const lacking = found.filter((entry) => valuesOf(entry, attribute).length === 0);
  if (lacking.length === 0) return;
  if (lacking.length < found.length)
    return report.note(
      `${counted(lacking.length, what)} without ${attribute} (${option}): ${some(
        lacking.map(({ dn }) => dn),
        3,
      )}`,
    );
  const base = lacking[0]?.dn ?? '';
  const [example] = await connection.search({ base, scope: 'base', filter: everything, attributes: ['*'] });
  const there = Object.keys(example ?? {}).filter((key) => key !== 'dn' && key !== 'userPassword');
  report.problem(`no ${what} has the attribute ${attribute} (${option})`, `one of them has: ${some(there, 30)}`);
}

function checkDuplicates(report: Report, found: readonly Entry[], { what, id, name, option }: Subject): void {
  for (const [same, entries] of twins(found, (entry) => localIdOf(entry, id)))
    report.problem(
      `${counted(entries.length, what)} share the id ${same}: ${some(
        entries.map(({ dn }) => dn),
        3,
      )}`,
      `set ${option('id_attribute')} to what is no other one's: entryUUID, or objectGUID in Active Directory`,
    );
  for (const [same, entries] of twins(found, (entry) => valuesOf(entry, name)[0]?.toLowerCase()))
    report.note(
      `${counted(entries.length, what)} are called ${same}, only the first is found by that name: ${some(
        entries.map(({ dn }) => dn),
        3,
      )}`,
      `let ${option('filter')} leave one out, or set ${option('name_attribute')}`,
    );
}

const twins = (found: readonly Entry[], key: (entry: Entry) => string | undefined): [string, Entry[]][] =>
  [...Map.groupBy(found, (entry) => key(entry) ?? '')].filter(([same, entries]) => same !== '' && entries.length > 1);
