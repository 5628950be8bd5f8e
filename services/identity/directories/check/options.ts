/** The options to check: those of the domain, or proposed ones. */
import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import type { Sealer } from '#shared/seal/key-file.ts';
import { type Groups, refuseUnknownOptions } from '../../domain-config/options.ts';
import { openedOptions } from '../../domain-config/secrets.ts';
import { listOptions } from '../../domain-config/store.ts';
import { type LdapOptions, readOptions } from '../../drivers/ldap/options.ts';
import type { Report } from './report.ts';

interface Input {
  readonly domainId: string;
  /** The configuration of a domain, with or without the key `config`. */
  readonly proposed: unknown;
}

/** Undefined when they are invalid or name no directory; the report has the reason. */
export async function optionsFor(
  report: Report,
  { db, sealer }: { readonly db: Knex; readonly sealer: Sealer },
  { domainId, proposed }: Input,
): Promise<LdapOptions | undefined> {
  const stored = await listStoredGroups(db, domainId);
  const groups = proposed === undefined ? stored : groupsOf(proposed);
  if (!groups) {
    report.problem('the file is no configuration', 'it holds what PUT /v3/domains/:id/config takes: identity and ldap');
    return undefined;
  }
  const driver = groups.identity?.driver ?? 'sql';
  if (driver !== 'ldap') {
    const help = 'set identity.driver to ldap, or try options that are not set yet with --file';
    report.problem(`identity.driver is ${String(driver)}: Wattle keeps the users of this domain itself`, help);
    return undefined;
  }
  // the password is never shown, so a file need not contain it
  const password = proposed === undefined ? {} : { password: stored.ldap?.password };
  return parseOptions(report, { ...groups, ldap: openedOptions({ sealer }, { ...password, ...groups.ldap }) });
}

async function listStoredGroups(db: Knex, domainId: string): Promise<Groups> {
  const groups: Record<string, Record<string, unknown>> = {};
  for (const { group, option, value } of await listOptions(db, { domainId }))
    groups[group] = { ...groups[group], [option]: value };
  return groups;
}

function groupsOf(proposed: unknown): Groups | undefined {
  if (proposed === null || typeof proposed !== 'object') return undefined;
  const config = 'config' in proposed ? proposed.config : proposed;
  const isMap = (value: unknown) => value !== null && typeof value === 'object' && !Array.isArray(value);
  return isMap(config) && Object.values(config as object).every(isMap) ? (config as Groups) : undefined;
}

function parseOptions(report: Report, groups: Groups): LdapOptions | undefined {
  try {
    refuseUnknownOptions(groups);
    return readOptions(groups.ldap ?? {});
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    report.problem(error.message, 'services/identity/drivers/ldap/options.ts describes the options');
    return undefined;
  }
}
