/**
 * Explains an empty result: the base is missing, the class differs, the entries are deeper, or the filter excludes
 * them.
 */
import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import { valuesOf } from '../../drivers/ldap/entries.ts';
import { everything } from '../../drivers/ldap/filter.ts';
import { counted, type Report, summarize } from './report.ts';
import type { Subject } from './subject.ts';

export async function explainEmpty(report: Report, directory: LdapDirectory, subject: Subject): Promise<void> {
  const { what, base, option, objectClass } = subject;
  const { connection, options } = directory;
  const asked = { base, filter: everything, attributes: ['objectClass'] };
  if ((await connection.search({ ...asked, scope: 'base' })).length === 0) {
    const help = `set ${option('tree_dn')}, or let Wattle's account read it; ${await describeNamingContexts(directory)}`;
    return report.problem(`no ${what}s: the base ${base} does not exist`, help);
  }
  const near = await connection.search({ ...asked, scope: options.query_scope });
  const whole = options.query_scope === 'sub' ? near : await connection.search({ ...asked, scope: 'sub' });
  const isOne = (classes: string[]) => classes.some((name) => name.toLowerCase() === objectClass.toLowerCase());
  const fitting = near.filter((entry) => isOne(valuesOf(entry, 'objectClass'))).length;
  const deeper = whole.filter((entry) => isOne(valuesOf(entry, 'objectClass'))).length;
  if (fitting > 0)
    return report.problem(
      `no ${what}s: ${counted(fitting, objectClass)} in scope, and none passes ${option('filter')}`,
      `check the filter ${subject.filter}`,
    );
  if (deeper > 0)
    return report.problem(
      `no ${what}s right below ${base}, but ${deeper} further down`,
      `set ldap.query_scope to sub, or ${option('tree_dn')} to where they are`,
    );
  const classes = whole.flatMap((entry) => valuesOf(entry, 'objectClass'));
  report.problem(
    `no ${what}s: nothing below ${base} has the class ${objectClass}`,
    `set ${option('objectclass')} to the right one of: ${summarize(classes, 12) || 'none, the tree is empty'}`,
  );
}

async function describeNamingContexts({ connection }: LdapDirectory): Promise<string> {
  const attribute = 'namingContexts';
  const [root] = await connection.search({ base: '', scope: 'base', filter: everything, attributes: [attribute] });
  const contexts = root ? valuesOf(root, attribute) : [];
  return contexts.length > 0
    ? `the directory has ${summarize(contexts)}`
    : 'the directory does not list its naming contexts';
}
