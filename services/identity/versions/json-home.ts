/** The JSON Home document: the paths of the API by relation name. */
import type { Route } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';

const docs = 'https://docs.openstack.org/api/openstack-identity/3';

/** Relation names follow from the paths, so that each resource has one; well-known ones keep the name of Keystone. */
const relOf = (path: string): string => {
  const words = path.replace(/^\/v3\//, '').split('/');
  const extension = words[0]?.startsWith('OS-') ? words.shift() : undefined;
  const nouns = words.flatMap((word, at) => {
    if (word.startsWith(':')) return [];
    return [words[at + 1]?.startsWith(':') ? singular(word) : word];
  });
  const name = nouns.join('_');
  return extension ? `${docs}/ext/${extension}/1.0/rel/${name}` : `${docs}/rel/${own(knownNames, name) ?? name}`;
};

const knownNames: Readonly<Record<string, string>> = {
  auth_tokens: 'auth_tokens',
  auth_catalog: 'auth_catalog',
  user_password: 'user_change_password',
};

const singular = (word: string): string => word.replace(/ies$/, 'y').replace(/s$/, '');

const camelToSnake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `:id` is named by the segment before it: /users/:id has user_id. */
function template(path: string): { readonly template: string; readonly vars: Readonly<Record<string, string>> } {
  const vars: Record<string, string> = {};
  const words = path.split('/').map((word, at, all) => {
    if (!word.startsWith(':')) return word;
    const name = word === ':id' ? `${singular(all[at - 1] ?? '')}_id` : camelToSnake(word.slice(1));
    vars[name] = `${docs}/param/${name}`;
    return `{${name}}`;
  });
  return { template: words.join('/'), vars };
}

export function jsonHome(routes: readonly Pick<Route<never>, 'path'>[]): Record<string, unknown> {
  const resources: Record<string, unknown> = {};
  for (const path of new Set(routes.map((route) => route.path))) {
    if (!path.startsWith('/v3/') || path.startsWith('/v3/wattle')) continue;
    const { template: href, vars } = template(path);
    resources[relOf(path)] = Object.keys(vars).length > 0 ? { 'href-template': href, 'href-vars': vars } : { href };
  }
  return { resources };
}
