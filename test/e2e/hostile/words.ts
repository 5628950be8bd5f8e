/** Every route of every API, with words in the places of ids, keys and columns that each object inherits. */
import { inheritedWords } from '#shared/input/own.ts';
import { exampleOf } from '../../contract/example.ts';
import { type ApiFacts, apis } from '../../contract/services.ts';

export interface Ask {
  readonly api: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

const words = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
if (words.some((word) => !inheritedWords.includes(word))) throw new Error('a word is inherited by nobody');

const keys = ['sort_key', 'sort', 'sort_keys', 'fields', 'marker', 'member_status', 'format'];
const queriesOf = (word: string) => [
  `${word}=1`,
  `${word}__contains=1&${word}__${word}=1&name__${word}=1`,
  `sort_key=${word}&sort_dir=asc`,
  `sort=${word}:${word}&${word}~=1`,
  `${keys.map((key) => `${key}=${word}`).join('&')}&created_at=${word}:2020-01-01T00:00:00Z`,
];

/** What the path says of its project or account must be true, or nothing beyond it is reached. */
const pathOf = (path: string, word: string, project: string): string =>
  path.replace(/[:*](\w+)/g, (_match, name: string) => {
    if (name === 'account') return `AUTH_${project}`;
    return /^(project|tenant)(_?id)?$/i.test(name) ? project : word;
  });

export function asksOf(project: string): Ask[] {
  return apis.flatMap((api) =>
    [...new Set(api.routes.map(({ method, path }) => `${method} ${path}`))].flatMap((place) => {
      const [method = '', path = ''] = place.split(' ');
      return words.flatMap((word) => ofRoute(api, { method, path }, word, project));
    }),
  );
}

function ofRoute(
  api: ApiFacts,
  { method, path }: { method: string; path: string },
  word: string,
  project: string,
): Ask[] {
  const at = pathOf(path, word, project);
  if (method === 'delete' && at === path) return []; // whoever asks would be gone
  if (path === '/v3/OS-FEDERATION/saml2/metadata') return []; // its 500 says that no key is set up, as Keystone's does
  const ask = { api: api.name, method: method.toUpperCase() };
  if (method === 'get')
    return [
      `${at}?${word}=${word}`,
      ...(at === path || path.includes('account') ? queriesOf(word).map((query) => `${at}?${query}`) : []),
    ].map((each) => ({ ...ask, path: each }));
  if (!['post', 'put', 'patch'].includes(method)) return [{ ...ask, path: at }];
  if (words.indexOf(word) > 2) return []; // three words are enough for the many bodies
  return bodiesOf(api, method, path, word).map((body) => ({ ...ask, path: at, body }));
}

/** The word as an action, as a key, and within; written by hand, for JSON.stringify leaves `__proto__` out. */
function bodiesOf(api: ApiFacts, method: string, path: string, word: string): string[] {
  const content = api.document.operation(method, path)?.requestBody?.content ?? {};
  const example = JSON.stringify(exampleOf(Object.values(content)[0]?.schema ?? {}) ?? {});
  const within = example.replace(/:\{/, `:{"${word}":{"${word}":"x"},`).replace(',}', '}');
  const beside = example.replace(/^\{/, `{"${word}":{"a":1},`).replace(',}', '}');
  return [...new Set([`{"${word}":null}`, beside, within])];
}
