import { CORE_SCHEMA, dump, loadAll, mergeTag } from 'js-yaml';

const schema = CORE_SCHEMA.withTags(mergeTag);

/** Parses one document of YAML 1.2 with merge keys (`<<`); null for none. Throws an Error with line and column. */
export function parseYaml(text: string): unknown {
  const [document = null, second] = loadAll(text, { schema });
  if (second !== undefined) throw new Error('more than one document');
  return document;
}

const maxColumns = 120;

/** The text of a document. Below its first two levels, a collection that fits is written in one line. */
export const formatYaml = (document: unknown): string => `${format(document, '').trimStart()}\n`;

/** What follows the key or the dash of a value: a blank and one line, or lines of their own. */
function format(value: unknown, indent: string): string {
  const line = inline(value);
  const fits = indent.length >= 4 && indent.length + line.length <= maxColumns;
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0 || fits) return ` ${line}`;
  const below = (item: unknown) => format(item, `${indent}  `);
  const lines = Array.isArray(value)
    ? value.map((item) => `- ${below(item).trimStart()}`)
    : Object.entries(value).map(([key, item]) => `${inline(key)}:${below(item)}`);
  return lines.map((each) => `\n${indent}${each}`).join('');
}

const inline = (value: unknown): string =>
  dump([value], { schema, flowLevel: 0, lineWidth: -1, noRefs: true, quoteStyle: 'double' }).trim().slice(1, -1);
