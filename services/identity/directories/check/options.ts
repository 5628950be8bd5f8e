/** Which options a check is about: those of the domain, or some that are not set yet. */
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
  /** A domain's configuration, with or without `config` around it. */
  readonly proposed: unknown;
}

/** Undefined when there is nothing to ask; the report says why. */
export async function optionsFor(
  report: Report,
  { db, sealer }: { readonly db: Knex; readonly sealer: Sealer },
  { domainId, proposed }: Input,
): Promise<LdapOptions | undefined> {
  const kept = await keptGroups(db, domainId);
  const groups = proposed === undefined ? kept : groupsOf(proposed);
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
  // what is never shown need not stand in a file again
  const password = proposed === undefined ? {} : { password: kept.ldap?.password };
  return understood(report, { ...groups, ldap: openedOptions({ sealer }, { ...password, ...groups.ldap }) });
}

async function keptGroups(db: Knex, domainId: string): Promise<Groups> {
  const groups: Record<string, Record<string, unknown>> = {};
  for (const { group, option, value } of await listOptions(db, { domainId }))
    groups[group] = { ...groups[group], [option]: value };
  return groups;
}

function groupsOf(proposed: unknown): Groups | undefined {
  if (proposed === null || typeof proposed !== 'object') return undefined;
  const whole = 'config' in proposed ? proposed.config : proposed;
  const isMap = (value: unknown) => value !== null && typeof value === 'object' && !Array.isArray(value);
  return isMap(whole) && Object.values(whole as object).every(isMap) ? (whole as Groups) : undefined;
}

function understood(report: Report, groups: Groups): LdapOptions | undefined {
  try {
    refuseUnknownOptions(groups);
    return readOptions(groups.ldap ?? {});
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    report.problem(error.message, 'services/identity/drivers/ldap/options.ts says what each option means');
    return undefined;
  }
}
