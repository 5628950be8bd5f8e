/** The query of a listing, and its three formats. */
import accepts from 'accepts';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { refuse } from './refusals.ts';
import { isTrue } from './request.ts';

export const listingLimit = 10_000;

export function listingQuery({ query, url }: Call): Headers {
  const { limit = '', reverse, format: _format, ...rest } = query;
  const number = /^\d+$/.test(limit) ? Number(limit) : listingLimit;
  if (number > listingLimit) throw refuse(412, `Maximum limit is ${listingLimit}`);
  const asked = Object.entries(rest).filter(([name]) =>
    ['prefix', 'delimiter', 'marker', 'end_marker', 'path'].includes(name),
  );
  for (const [name, value] of asked)
    if (value.includes('\ufffd') && !/%ef%bf%bd/i.test(url)) throw refuse(400, `"${name}" parameter not valid UTF-8`);
  return { ...Object.fromEntries(asked), limit: String(number), reverse: String(isTrue(reverse)) };
}

export type Format = 'text' | 'json' | 'xml';

const formats = {
  'text/plain': 'text',
  'application/json': 'json',
  'application/xml': 'xml',
  'text/xml': 'xml',
} as const;

/** The format by `format=`, otherwise by Accept. Throws 406. */
export function formatOf(call: Call): Format {
  const asked = call.query.format?.toLowerCase();
  if (asked === 'json' || asked === 'xml') return asked;
  return asked === undefined ? formats[acceptedType(call)] : 'text';
}

/** Throws 406 unless the client takes JSON, the only format of some listings. */
export function checkJson({ query, header }: Call): void {
  const accept = header('accept') || '*/*';
  const isTaken =
    query.format === undefined ? accepts({ headers: { accept } }).type(['application/json']) : query.format === 'json';
  if (!isTaken) throw refuse(406);
}

const types = ['text/plain', 'application/json', 'application/xml', 'text/xml'] as const;

/** The media type that the client prefers, text unless it says. Throws 406. */
export function acceptedType({ header }: Call): (typeof types)[number] {
  const accept = header('accept');
  const wanted = accept ? accepts({ headers: { accept } }).type([...types]) : 'text/plain';
  const found = types.find((type) => type === wanted);
  if (!found) throw refuse(406);
  return found;
}

interface Rows {
  /** The root element of the XML, whose attribute is the name. */
  readonly root: string;
  readonly name: string;
  readonly element: string;
  readonly rowOf: (entry: Entry) => Row;
}
type Row = Readonly<Record<string, string | number | boolean>>;

const contentTypes = { text: 'text/plain', json: 'application/json', xml: 'application/xml' };

/** The type that a GET would have. Throws 406. */
export const listingType = (call: Call): string => `${contentTypes[formatOf(call)]}; charset=utf-8`;

/** An empty page of text is a 204. `listed` is the JSON of an agent. */
export function listingAnswer(format: Format, rows: Rows, listed: unknown, headers: Headers): Answer {
  const entries = JSON.parse(String(listed ?? '[]')) as Listed[];
  const page = entries.map((each): Row => ('subdir' in each ? { subdir: each.subdir } : rows.rowOf(each)));
  const body = Buffer.from(textOf(format, rows, page));
  const type = { 'content-type': `${contentTypes[format]}; charset=utf-8` };
  const about = { ...headers, ...type, 'content-length': String(body.length) };
  return body.length === 0 ? { status: 204, headers: about } : { status: 200, headers: about, body };
}

function textOf(format: Format, { root, name, element }: Rows, page: readonly Row[]): string {
  if (format === 'json') return JSON.stringify(page);
  if (format === 'text') return page.map((row) => `${row.name ?? row.subdir}\n`).join('');
  const inner = page.map((row) => {
    if (row.subdir !== undefined)
      return `<subdir name="${escaped(row.subdir)}"><name>${escaped(row.subdir)}</name></subdir>`;
    const fields = Object.entries(row).map(([field, value]) => `<${field}>${escaped(value)}</${field}>`);
    return `<${element}>${fields.join('')}</${element}>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} name="${escaped(name)}">${inner.join('')}</${root}>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Characters that XML does not allow become U+FFFD. */
export const escaped = (value: string | number | boolean): string =>
  String(value)
    .replace(/[&<>"']/g, (character) => own(entities, character) ?? character)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd');
