import { CORE_SCHEMA, loadAll, mergeTag } from 'js-yaml';

const schema = CORE_SCHEMA.withTags(mergeTag);

/** YAML 1.2 with merge keys (`<<`): one document, null when there is none. Throws an Error that shows the place. */
export function parseYaml(text: string): unknown {
  const [document = null, second] = loadAll(text, { schema });
  if (second !== undefined) throw new Error('more than one document');
  return document;
}
