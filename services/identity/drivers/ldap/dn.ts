/** Distinguished names (RFC 4514): parsing, and one normal form for equal names. */

interface Attribute {
  readonly attribute: string;
  readonly value: string;
}

/** `a=b+c=d,e=f`: the RDNs, that of the entry first. Undefined for an invalid DN. */
export function parseDn(dn: string): Attribute[][] | undefined {
  const rdns = split(dn, /[,;]/).map((rdn) => split(rdn, /\+/).map(partOf));
  const whole = rdns.every((parts) => parts.every((part) => part !== undefined));
  return whole ? (rdns as Attribute[][]) : undefined;
}

/** The normal form of a DN. Values are compared without regard to case, as for nearly all attributes. */
export function normalDn(dn: string): string {
  const rdns = parseDn(dn);
  if (!rdns) return dn.trim().toLowerCase();
  return rdns.map((parts) => parts.map(normalPart).toSorted().join('+')).join(',');
}

const normalPart = ({ attribute, value }: Attribute): string =>
  `${attribute.toLowerCase()}=${escapeDn(value.toLowerCase().replace(/\s+/g, ' ').trim())}`;

/** Escapes a value for a DN. */
export const escapeDn = (value: string): string =>
  value
    .replace(/[\\,+"<>;=#]/g, (sign) => `\\${sign}`)
    .replace(/\0/g, '\\00')
    .replace(/^ | $/g, '\\ ');

/** Splits at separators that are not escaped. */
function split(text: string, separators: RegExp): string[] {
  const parts = [''];
  for (const token of text.match(/\\[\s\S]|[^\\]/g) ?? []) {
    if (token.length === 1 && separators.test(token)) parts.push('');
    else parts.push(`${parts.pop()}${token}`);
  }
  return parts;
}

function partOf(text: string): Attribute | undefined {
  const [, attribute, value] = text.match(/^\s*([A-Za-z0-9.-]+)\s*=\s*([\s\S]*?)$/) ?? [];
  if (attribute === undefined || value === undefined) return undefined;
  return { attribute, value: unescaped(trimUnescaped(value)) };
}

/** Removes trailing spaces, except an escaped one. */
function trimUnescaped(value: string): string {
  const bare = value.trimEnd();
  return bare.endsWith('\\') ? value.slice(0, bare.length + 1) : bare;
}

/** Resolves `\2c` and `\,`; adjacent bytes are one UTF-8 text. */
const unescaped = (text: string): string =>
  text
    .replace(/(?:\\[0-9a-fA-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString('utf8'))
    .replace(/\\([\s\S])/g, '$1');
