/** Parses required and forbidden traits and aggregates. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { SetQuery } from '../names/store.ts';

export const nothing: SetQuery = { anyOf: [], none: [] };

export const isUnrestricted = ({ anyOf, none }: SetQuery): boolean => anyOf.length === 0 && none.length === 0;

export const hasRequired = ({ anyOf }: SetQuery, has: (one: string) => boolean): boolean =>
  anyOf.every((choice) => choice.some(has));

export const hasNoForbidden = ({ none }: SetQuery, has: (one: string) => boolean): boolean => !none.some(has);

export const fits = (query: SetQuery, has: (one: string) => boolean): boolean =>
  hasRequired(query, has) && hasNoForbidden(query, has);

const traitForm = (version: Version, text: string) =>
  badRequest(
    `Invalid query string parameters: Expected 'required' parameter value of the form: HW_CPU_X86_VMX,${
      atLeast(version, '1.22') ? '!' : ''
    }CUSTOM_MAGIC. Got: ${text}`,
  );

/** `A,!B`; from 1.39 also `in:A,B` and repeated parameters. */
export function traitsQuery(values: readonly string[], version: Version): SetQuery {
  const anyOf: string[][] = [];
  const none: string[] = [];
  for (const text of atLeast(version, '1.39') ? values : values.slice(-1)) {
    const isAlternatives = text.startsWith('in:');
    if (isAlternatives && !atLeast(version, '1.39'))
      throw badRequest(
        `Invalid query string parameters: The format 'in:HW_CPU_X86_VMX,CUSTOM_MAGIC' only supported since microversion 1.39. Got: ${text}`,
      );
    const names = (isAlternatives ? text.slice(3) : text).split(',').map((name) => name.trim());
    if (names.some((name) => name === '' || name === '!')) throw traitForm(version, text);
    const forbidden = names.filter((name) => name.startsWith('!'));
    if (forbidden.length > 0 && (isAlternatives || !atLeast(version, '1.22'))) throw traitForm(version, text);
    none.push(...forbidden.map((name) => name.slice(1)));
    const required = names.filter((name) => !name.startsWith('!'));
    anyOf.push(...(isAlternatives ? [required] : required.map((name) => [name])));
  }
  return { anyOf, none };
}

/** `uuid`, `in:a,b`; from 1.24 repeated parameters, from 1.32 `!uuid` and `!in:a,b`. */
export function aggregatesQuery(key: string, values: readonly string[], version: Version): SetQuery {
  if (values.length > 1 && !atLeast(version, '1.24')) throw badRequest(`Multiple ${key} parameters are not supported`);
  const anyOf: string[][] = [];
  const none: string[] = [];
  for (const text of values) {
    const isForbidden = text.startsWith('!');
    if (isForbidden && !atLeast(version, '1.32'))
      throw badRequest(`Forbidden ${key} parameters are not supported in the specified microversion`);
    const rest = isForbidden ? text.slice(1) : text;
    if (rest.includes(',') && !rest.startsWith('in:'))
      throw badRequest(
        `Multiple values for 'member_of' must be prefixed with the 'in:' or '!in:' keyword using the valid microversion. Got: ${text}`,
      );
    const uuids = (rest.startsWith('in:') ? rest.slice(3) : rest)
      .split(',')
      .map((uuid) => checkUuid('member_of', uuid));
    if (isForbidden) none.push(...uuids);
    else anyOf.push(uuids);
  }
  return { anyOf, none };
}

export function checkUuid(key: string, text: string): string {
  if (!isUuid(text.trim()))
    throw badRequest(
      `Invalid query string parameters: Expected '${key}' parameter to ${key === 'in_tree' ? 'be a format of uuid' : 'contain valid UUID(s)'}. Got: ${text}`,
    );
  return normalizeUuid(text.trim());
}

export const isUuid = (text: string): boolean => /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text);

/** Converts a uuid with or without dashes, in either case, to lower case with dashes. */
export const normalizeUuid = (uuid: string): string =>
  uuid
    .toLowerCase()
    .replaceAll('-', '')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
