import { CORE_SCHEMA, dump, loadAll, mergeTag } from 'js-yaml';

const schema = CORE_SCHEMA.withTags(mergeTag);

/** Parses one document of YAML 1.2 with merge keys (`<<`); null for none. Throws an Error with line and column. */
export function parseYaml(text: string): unknown {
  const [document = null, second] = loadAll(text, { schema });
  if (second !== undefined) throw new Error('more than one document');
  return document;
}

/** The text of a document. What lies deep is written in one line. */
export const formatYaml = (document: unknown): string =>
  dump(document, { schema, flowLevel: 5, lineWidth: 120, noRefs: true, quoteStyle: 'double' });
