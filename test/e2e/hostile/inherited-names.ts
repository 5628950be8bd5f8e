/** Requests to every route of every API with names that each object inherits in place of ids, keys and columns. */
import { inheritedWords } from '#shared/input/own.ts';
import { exampleOf } from '../../contract/example.ts';
import { type ApiFacts, apis } from '../../contract/services.ts';

export interface HostileRequest {
  readonly api: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string | Buffer;
}

const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
if (inherited.some((name) => !inheritedWords.includes(name))) throw new Error('a name in the list is not inherited');

const keys = ['sort_key', 'sort', 'sort_keys', 'fields', 'marker', 'member_status', 'format'];
const queriesOf = (name: string) => [
  `${name}=1`,
  `${name}__contains=1&${name}__${name}=1&name__${name}=1`,
  `sort_key=${name}&sort_dir=asc`,
  `sort=${name}:${name}&${name}~=1`,
  `${keys.map((key) => `${key}=${name}`).join('&')}&created_at=${name}:2020-01-01T00:00:00Z`,
];

/** The project or account in the path is real, so that the request passes that check and reaches the handler. */
export const pathOf = (path: string, value: string, project: string): string =>
  path.replace(/[:*](\w+)/g, (_match, name: string) => {
    if (name === 'account') return `AUTH_${project}`;
    return /^(project|tenant)(_?id)?$/i.test(name) ? project : value;
  });

export function hostileRequests(project: string): HostileRequest[] {
  return apis.flatMap((api) =>
    [...new Set(api.routes.map(({ method, path }) => `${method} ${path}`))].flatMap((place) => {
      const [method = '', path = ''] = place.split(' ');
      return inherited.flatMap((name) => ofRoute(api, { method, path }, name, project));
    }),
  );
}

function ofRoute(
  api: ApiFacts,
  { method, path }: { method: string; path: string },
  name: string,
  project: string,
): HostileRequest[] {
  const at = pathOf(path, name, project);
  if (method === 'delete' && at === path) return []; // would delete the caller
  if (path === '/v3/OS-FEDERATION/saml2/metadata') return []; // answers 500 without a signing key, like Keystone
  const ask = { api: api.name, method: method.toUpperCase() };
  if (method === 'get')
    return [
      `${at}?${name}=${name}`,
      ...(at === path || path.includes('account') ? queriesOf(name).map((query) => `${at}?${query}`) : []),
    ].map((each) => ({ ...ask, path: each }));
  if (!['post', 'put', 'patch'].includes(method)) return [{ ...ask, path: at }];
  if (inherited.indexOf(name) > 2) return []; // three names are enough for the many bodies
  return bodiesOf(api, method, path, name).map((body) => ({ ...ask, path: at, body }));
}

/** The name as an action, as an added key, and nested. Built as text, since JSON.stringify omits `__proto__`. */
function bodiesOf(api: ApiFacts, method: string, path: string, name: string): string[] {
  const content = api.document.operation(method, path)?.requestBody?.content ?? {};
  const example = JSON.stringify(exampleOf(Object.values(content)[0]?.schema ?? {}) ?? {});
  const within = example.replace(/:\{/, `:{"${name}":{"${name}":"x"},`).replace(',}', '}');
  const added = example.replace(/^\{/, `{"${name}":{"a":1},`).replace(',}', '}');
  return [...new Set([`{"${name}":null}`, added, within])];
}
