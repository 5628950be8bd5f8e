/** Checks the entries that the filters find: missing attributes and duplicate ids or names. */
import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import { type Entry, localIdOf, valuesOf } from '../../drivers/ldap/entries.ts';
import { all, everything } from '../../drivers/ldap/filter.ts';
import { explainEmpty } from './explain-empty.ts';
import { counted, type Report, summarize } from './report.ts';
import { filtersOf, type Subject } from './subject.ts';

/** Resolves with the matching entries and the given attributes; reports irregularities. */
export async function checkEntries(
  report: Report,
  directory: LdapDirectory,
  { subject, attributes }: { readonly subject: Subject; readonly attributes: readonly string[] },
): Promise<readonly Entry[]> {
  const { base, what, id, name } = subject;
  const scope = directory.options.query_scope;
  const attributeNames = [...new Set([id, name, ...attributes])];
  const found = await directory.connection.search({
    base,
    scope,
    filter: all(...filtersOf(subject)),
    attributes: attributeNames,
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

/** Entries without this attribute are no users or groups. */
export async function checkAttribute(
  report: Report,
  { connection }: LdapDirectory,
  { found, attribute, option, what }: Attribute,
): Promise<void> {
  const lacking = found.filter((entry) => valuesOf(entry, attribute).length === 0);
  if (lacking.length === 0) return;
  if (lacking.length < found.length)
    return report.note(
      `${counted(lacking.length, what)} without ${attribute} (${option}): ${summarize(
        lacking.map(({ dn }) => dn),
        3,
      )}`,
    );
  const base = lacking[0]?.dn ?? '';
  const [example] = await connection.search({ base, scope: 'base', filter: everything, attributes: ['*'] });
  const present = Object.keys(example ?? {}).filter((key) => key !== 'dn' && key !== 'userPassword');
  report.problem(`no ${what} has the attribute ${attribute} (${option})`, `one of them has: ${summarize(present, 30)}`);
}

function checkDuplicates(report: Report, found: readonly Entry[], { what, id, name, option }: Subject): void {
  for (const [value, entries] of duplicatesBy(found, (entry) => localIdOf(entry, id)))
    report.problem(
      `${counted(entries.length, what)} share the id ${value}: ${summarize(
        entries.map(({ dn }) => dn),
        3,
      )}`,
      `set ${option('id_attribute')} to a unique attribute: entryUUID, or objectGUID in Active Directory`,
    );
  for (const [value, entries] of duplicatesBy(found, (entry) => valuesOf(entry, name)[0]?.toLowerCase()))
    report.note(
      `${counted(entries.length, what)} are called ${value}, only the first is found by that name: ${summarize(
        entries.map(({ dn }) => dn),
        3,
      )}`,
      `exclude one with ${option('filter')}, or set ${option('name_attribute')}`,
    );
}

const duplicatesBy = (found: readonly Entry[], key: (entry: Entry) => string | undefined): [string, Entry[]][] =>
  [...Map.groupBy(found, (entry) => key(entry) ?? '')].filter(([value, entries]) => value !== '' && entries.length > 1);
