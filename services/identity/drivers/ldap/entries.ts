/** Converts LDAP entries to users and groups. */
import type { Entry } from 'ldapts';
import { parseDn } from './dn.ts';
import type { LdapOptions } from './options.ts';

export type { Entry };

export interface LdapUser {
  readonly dn: string;
  /** The id in the directory; the public id is derived from it. */
  readonly localId: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly defaultProjectId: string | null;
  readonly extra: Readonly<Record<string, string>>;
}

export interface LdapGroup {
  readonly dn: string;
  readonly localId: string;
  readonly name: string;
  readonly description: string;
  readonly extra: Readonly<Record<string, string>>;
}

/** Maps fields to attributes, without ignored fields. */
export interface AttributeMap {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

export function userMap(options: LdapOptions): AttributeMap {
  const fields = {
    name: options.user_name_attribute,
    description: options.user_description_attribute,
    email: options.user_mail_attribute,
    enabled: options.user_enabled_emulation ? '' : options.user_enabled_attribute,
    default_project_id: options.user_default_project_id_attribute,
    ...additional(options.user_additional_attribute_mapping),
  };
  return { id: options.user_id_attribute, fields: wanted(fields, options.user_attribute_ignore) };
}

export function groupMap(options: LdapOptions): AttributeMap {
  const fields = {
    name: options.group_name_attribute,
    description: options.group_desc_attribute,
    ...additional(options.group_additional_attribute_mapping),
  };
  return { id: options.group_id_attribute, fields: wanted(fields, options.group_attribute_ignore) };
}

/** Pairs of `attribute:field`. */
const additional = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(pairs.map((pair) => pair.split(':').map((part) => part.trim())).map(([from, to]) => [to, from]));

const wanted = (fields: Record<string, string>, ignored: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter(([field, attribute]) => attribute && !ignored.includes(field)));

export const attributesOf = ({ id, fields }: AttributeMap): string[] => [...new Set([id, ...Object.values(fields)])];

/** Attribute names are compared without regard to case. */
export function valuesOf(entry: Entry, attribute: string): string[] {
  const key = Object.keys(entry).find((each) => each.toLowerCase() === attribute.toLowerCase());
  const found = key === undefined ? [] : entry[key];
  return (Array.isArray(found) ? found : [found]).map((value) => (Buffer.isBuffer(value) ? uuidOf(value) : `${value}`));
}

const first = (entry: Entry, attribute: string | undefined): string | undefined =>
  attribute === undefined ? undefined : valuesOf(entry, attribute)[0]?.trim() || undefined;

/** A GUID in the byte order of Active Directory: the first three groups are reversed. */
function uuidOf(bytes: Buffer): string {
  if (bytes.length !== 16) return bytes.toString('hex');
  const swapped = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((at) => bytes[at] ?? 0);
  return Buffer.from(swapped)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The search value of an id: a GUID is binary in the directory. */
export function idValue(attribute: string, localId: string): string | Buffer {
  if (attribute.toLowerCase() !== 'objectguid' || !/^[0-9a-f-]{36}$/i.test(localId)) return localId;
  const bytes = Buffer.from(localId.replaceAll('-', ''), 'hex');
  return Buffer.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((at) => bytes[at] ?? 0));
}

/** Of several values, the one in the DN: the others may change. Values of more than 255 characters are ignored. */
export function localIdOf(entry: Entry, attribute: string): string | undefined {
  const values = valuesOf(entry, attribute).filter((value) => value !== '' && value.length <= 255);
  if (values.length < 2) return values[0];
  const named = parseDn(entry.dn)?.[0]?.find((part) => part.attribute.toLowerCase() === attribute.toLowerCase());
  return named?.value;
}

/** Undefined for an entry without an id or a name. */
export function userOf(entry: Entry, map: AttributeMap, options: LdapOptions): LdapUser | undefined {
  const localId = localIdOf(entry, map.id);
  const name = first(entry, map.fields.name);
  if (localId === undefined || name === undefined) return undefined;
  return {
    dn: entry.dn,
    localId,
    name,
    enabled: isEnabled(first(entry, map.fields.enabled), map, options),
    defaultProjectId: first(entry, map.fields.default_project_id) ?? null,
    extra: extraOf(entry, map, ['name', 'enabled', 'default_project_id']),
  };
}

export function groupOf(entry: Entry, map: AttributeMap): LdapGroup | undefined {
  const localId = localIdOf(entry, map.id);
  const name = first(entry, map.fields.name);
  if (localId === undefined || name === undefined) return undefined;
  const description = first(entry, map.fields.description) ?? '';
  return { dn: entry.dn, localId, name, description, extra: extraOf(entry, map, ['name', 'description']) };
}

function extraOf(entry: Entry, { fields }: AttributeMap, known: readonly string[]): Record<string, string> {
  const more = Object.entries(fields).filter(([field]) => !known.includes(field));
  const values = more.map(([field, attribute]) => [field, first(entry, attribute)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Record<string, string>;
}

/** By a bit that means disabled, or by the text `true`. Enabled where there is no such attribute. */
function isEnabled(value: string | undefined, { fields }: AttributeMap, options: LdapOptions): boolean {
  const text = value ?? options.user_enabled_default;
  const mask = options.user_enabled_mask;
  if (mask !== 0) return (Number.parseInt(text, 10) & mask) !== mask;
  if (fields.enabled === undefined) return true;
  return (text.toLowerCase() === 'true') !== options.user_enabled_invert;
}
