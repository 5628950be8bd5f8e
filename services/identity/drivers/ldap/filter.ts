/**
 * Search filters as trees. Values from requests are never parsed as filter text; only filters from the configuration
 * are.
 */
import type { Filter as LdapFilter } from 'ldapts';
import { own } from '#shared/input/own.ts';

export type Filter =
  | { readonly kind: 'written'; readonly text: string }
  | { readonly kind: 'equals'; readonly attribute: string; readonly value: string | Buffer }
  | { readonly kind: 'parts'; readonly attribute: string; readonly parts: readonly string[] }
  | { readonly kind: 'present'; readonly attribute: string }
  | { readonly kind: 'chain'; readonly attribute: string; readonly dn: string }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Filter[] };

export const written = (text: string): Filter => ({ kind: 'written', text });
export const equals = (attribute: string, value: string | Buffer): Filter => ({ kind: 'equals', attribute, value });
export const present = (attribute: string): Filter => ({ kind: 'present', attribute });
export const all = (...of: readonly Filter[]): Filter => ({ kind: 'all', of });
export const any = (of: readonly Filter[]): Filter => ({ kind: 'any', of });
/** LDAP_MATCHING_RULE_IN_CHAIN of Active Directory, which follows nested groups. */
export const inChain = (attribute: string, dn: string): Filter => ({ kind: 'chain', attribute, dn });
export const everything = present('objectClass');

/** The parts before, between and after the wildcards. */
const parts: Readonly<Record<string, (text: string) => readonly string[]>> = {
  contains: (text) => ['', text, ''],
  startswith: (text) => [text, ''],
  endswith: (text) => ['', text],
};

/** The filter for `name__icontains` and the like; undefined for a comparison that LDAP does not have. */
export function compares(attribute: string, comparison: string, value: string): Filter | undefined {
  if (value === '') return undefined;
  if (comparison === 'equals') return equals(attribute, value);
  const split = own(parts, comparison.replace(/^i/, ''));
  return split && { kind: 'parts', attribute, parts: split(value) };
}

/** Converts to a filter of ldapts; throws for an invalid text of the configuration. */
export function built(ldapts: typeof import('ldapts'), filter: Filter): LdapFilter {
  const { AndFilter, OrFilter, EqualityFilter, ExtensibleFilter, FilterParser, PresenceFilter, SubstringFilter } =
    ldapts;
  switch (filter.kind) {
    case 'written':
      return FilterParser.parseString(withText(balanced(filter.text.trim())));
    case 'equals':
      return new EqualityFilter({ attribute: filter.attribute, value: filter.value });
    case 'present':
      return new PresenceFilter({ attribute: filter.attribute });
    case 'chain':
      return new ExtensibleFilter({
        matchType: filter.attribute,
        rule: '1.2.840.113556.1.4.1941',
        value: filter.dn,
        dnAttributes: false,
      });
    case 'parts': {
      const [initial = '', ...rest] = filter.parts;
      return new SubstringFilter({
        attribute: filter.attribute,
        initial,
        any: rest.slice(0, -1),
        final: rest.at(-1) ?? '',
      });
    }
    default: {
      const filters = filter.of.map((each) => built(ldapts, each));
      return filter.kind === 'all' ? new AndFilter({ filters }) : new OrFilter({ filters });
    }
  }
}

/** ldapts accepts a missing parenthesis at the end, so parentheses are counted here. */
function balanced(text: string): string {
  const [open, closed] = ['(', ')'].map((sign) => text.split(sign).length);
  if (open !== closed) throw new Error(`the filter ${text} has a parenthesis too many or too few`);
  return text;
}

/** ldapts decodes each escaped byte as one character, which is wrong beyond ASCII. */
const withText = (text: string): string =>
  text.replace(/(?:\\[89a-f][0-9a-f])+/gi, (bytes) => Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString('utf8'));
