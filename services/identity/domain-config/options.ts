/** The options that can be set per domain, with their defaults. */
import type { Setting } from '#shared/config/settings.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import { BadOption, ldapSection, readOptions } from '../drivers/ldap/options.ts';
import { couldNotFind } from '../resources/store.ts';

export type Groups = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Options without a value are null to clients. */
const shownDefault = ({ fallback }: Setting<unknown>): unknown => (fallback === '' ? null : fallback);

export const defaults: Groups = {
  identity: { driver: 'sql', list_limit: null },
  ldap: Object.fromEntries(Object.entries(ldapSection).map(([name, setting]) => [name, shownDefault(setting)])),
};

/** Stored, but never shown. */
export const hidden: Readonly<Record<string, readonly string[]>> = { ldap: ['password'] };

export const isHidden = (group: string, option: string): boolean => own(hidden, group)?.includes(option) ?? false;

export function refuseUnknownOptions(groups: Groups): void {
  for (const [group, options] of Object.entries(groups)) {
    const known = own(defaults, group);
    if (!known) throw badRequest(`Invalid domain specific configuration: the group ${group} is not supported.`);
    for (const option of Object.keys(options))
      if (!Object.hasOwn(known, option))
        throw badRequest(`Invalid domain specific configuration: ${group}.${option} is not supported.`);
  }
  try {
    readOptions(groups.ldap ?? {});
  } catch (error) {
    if (!(error instanceof BadOption)) throw error;
    throw badRequest(`Invalid domain specific configuration: ${error.message}.`);
  }
}

export const defaultsOf = (group: string): Readonly<Record<string, unknown>> => {
  const known = own(defaults, group);
  if (!known) throw badRequest(`Invalid domain specific configuration: the group ${group} is not supported.`);
  return Object.fromEntries(Object.entries(known).filter(([option]) => !isHidden(group, option)));
};

export const absentConfig = (what: string) => couldNotFind('domain configuration', what);
