/** The query of a listing, and its three formats. */
import type { Headers } from '#shared/contracts/object-agent.ts';
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

const media: Readonly<Record<string, Format>> = {
  'text/plain': 'text',
  'application/json': 'json',
  'application/xml': 'xml',
  'text/xml': 'xml',
  'text/*': 'text',
  'application/*': 'json',
  '*/*': 'text',
};

/** The format by `format=`, otherwise by Accept. Throws 406. */
export function formatOf({ query, header }: Call): Format {
  const asked = query.format?.toLowerCase();
  if (asked === 'json' || asked === 'xml') return asked;
  if (asked !== undefined) return 'text';
  const accept = header('accept');
  if (!accept) return 'text';
  const wanted = accept.split(',').map((part) => {
    const [type = '', ...more] = part.split(';').map((word) => word.trim().toLowerCase());
    const quality = Number(more.find((word) => word.startsWith('q='))?.slice(2) ?? 1);
    return { format: own(media, type), quality };
  });
  const [best] = wanted
    .filter(({ format, quality }) => format && quality > 0)
    .toSorted((a, b) => b.quality - a.quality);
  if (!best?.format) throw refuse(406);
  return best.format;
}

const contentTypes = { text: 'text/plain', json: 'application/json', xml: 'application/xml' };

export interface Rows {
  /** The root element of the XML: `account name="AUTH_x"`. */
  readonly root: string;
  readonly element: string;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
}

/** An empty page of text is a 204. */
export function listingAnswer(format: Format, { root, element, rows }: Rows, headers: Headers): Answer {
  const type = { 'content-type': `${contentTypes[format]}; charset=utf-8` };
  const page = (text: string): Answer => {
    const body = Buffer.from(text);
    return { status: 200, headers: { ...headers, ...type, 'content-length': String(body.length) }, body };
  };
  if (format === 'json') return page(JSON.stringify(rows));
  if (format === 'xml') return page(xmlOf(root, element, rows));
  const lines = rows.map(({ name, subdir }) => `${name ?? subdir}\n`).join('');
  if (!lines) return { status: 204, headers: { ...headers, ...type, 'content-length': '0' } };
  return page(lines);
}

function xmlOf(root: string, element: string, rows: Rows['rows']): string {
  const [name = ''] = root.split(' ');
  const inner = rows.map((row) => {
    if (row.subdir !== undefined)
      return `<subdir name="${escaped(row.subdir)}"><name>${escaped(row.subdir)}</name></subdir>`;
    const fields = Object.entries(row).map(([field, value]) => `<${field}>${escaped(value)}</${field}>`);
    return `<${element}>${fields.join('')}</${element}>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>${inner.join('')}</${name}>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Characters that XML does not allow become U+FFFD. */
export const escaped = (value: string | number): string =>
  String(value)
    .replace(/[&<>"']/g, (character) => own(entities, character) ?? character)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd');
