import { CORE_SCHEMA, loadAll, mergeTag } from 'js-yaml';

const schema = CORE_SCHEMA.withTags(mergeTag);

/** Parses one document of YAML 1.2 with merge keys (`<<`); null for none. Throws an Error with line and column. */
export function parseYaml(text: string): unknown {
  const [document = null, second] = loadAll(text, { schema });
  if (second !== undefined) throw new Error('more than one document');
  return document;
}
