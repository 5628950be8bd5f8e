/** Queries with as many values as a request line holds, for every list of every API. */
import { apis } from '../../contract/services.ts';
import { type HostileRequest, pathOf } from './inherited-names.ts';

const lengthLimit = 13_000;
const common = [
  'id',
  'name',
  'tag',
  'tags',
  'not-tags-any',
  'fields',
  'sort',
  'sort_key',
  'sort_dir',
  'marker',
  'limit',
];
const sorts = ['id', 'name', 'created_at', 'updated_at', 'status', 'size'];

/** Distinct values, values with commas, and sort keys, up to the limit. */
function queriesOf(name: string): string[] {
  const repeated = filled((at) => `&${name}=${at.toString(36)}`).slice(1);
  const commas = `${name}=${filled((at) => `${at.toString(36)},`)}x`;
  const keys = filled((at) => `&${name}=${sorts[at % sorts.length]}`).slice(1);
  return /sort/.test(name) ? [repeated, commas, keys] : [repeated, commas];
}

function filled(part: (at: number) => string): string {
  let text = '';
  for (let at = 0; text.length < lengthLimit; at += 1) text += part(at);
  return text;
}

export function longQueries(project: string): HostileRequest[] {
  return apis.flatMap(({ name: api, routes, document }) =>
    [...new Set(routes.filter(({ method }) => method === 'get').map(({ path }) => path))].flatMap((path) => {
      const declared = (document.operation('get', path)?.parameters ?? []).filter((each) => each.in === 'query');
      const names = [...new Set([...(declared.length > 0 ? common : []), ...declared.map(({ name }) => name)])];
      const at = pathOf(path, 'x', project);
      return names.flatMap((name) => queriesOf(name).map((query) => ({ api, method: 'GET', path: `${at}?${query}` })));
    }),
  );
}
