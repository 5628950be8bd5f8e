/** Distinguished names (RFC 4514), as far as two spellings of one must be known for the same. */

interface Part {
  readonly attribute: string;
  readonly value: string;
}

/** `a=b+c=d,e=f`: the parts of each step, the entry's own first. Undefined when it is no DN. */
export function parseDn(dn: string): Part[][] | undefined {
  const steps = split(dn, /[,;]/).map((step) => split(step, /\+/).map(partOf));
  const whole = steps.every((parts) => parts.every((part) => part !== undefined));
  return whole ? (steps as Part[][]) : undefined;
}

/** One spelling for all that mean the same; attribute values compare without regard to case, as nearly all do. */
export function normalDn(dn: string): string {
  const steps = parseDn(dn);
  if (!steps) return dn.trim().toLowerCase();
  return steps.map((parts) => parts.map(normalPart).toSorted().join('+')).join(',');
}

const normalPart = ({ attribute, value }: Part): string =>
  `${attribute.toLowerCase()}=${escapeDn(value.toLowerCase().replace(/\s+/g, ' ').trim())}`;

/** A value, so that it can stand in a DN. */
export const escapeDn = (value: string): string =>
  value
    .replace(/[\\,+"<>;=#]/g, (sign) => `\\${sign}`)
    .replace(/\0/g, '\\00')
    .replace(/^ | $/g, '\\ ');

/** At signs that no backslash stands before. */
function split(text: string, signs: RegExp): string[] {
  const parts = [''];
  for (const token of text.match(/\\[\s\S]|[^\\]/g) ?? []) {
    if (token.length === 1 && signs.test(token)) parts.push('');
    else parts.push(`${parts.pop()}${token}`);
  }
  return parts;
}

function partOf(text: string): Part | undefined {
  const [, attribute, value] = text.match(/^\s*([A-Za-z0-9.-]+)\s*=\s*([\s\S]*?)$/) ?? [];
  if (attribute === undefined || value === undefined) return undefined;
  return { attribute, value: unescaped(withoutSpaceBehind(value)) };
}

/** A space that is escaped stays. */
function withoutSpaceBehind(value: string): string {
  const bare = value.trimEnd();
  return bare.endsWith('\\') ? value.slice(0, bare.length + 1) : bare;
}

/** `\2c` and `\,`; bytes that stand together are one UTF-8 text. */
const unescaped = (text: string): string =>
  text
    .replace(/(?:\\[0-9a-fA-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString('utf8'))
    .replace(/\\([\s\S])/g, '$1');
