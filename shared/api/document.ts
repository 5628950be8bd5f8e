/**
 * The OpenAPI document of a service in openapi/<service>/: openapi.yaml lists the paths, other files have them. A file is
 * read when an operation in it is first used.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseYaml } from '#shared/config/yaml.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Tree = { [key: string]: Json };

/** An operation with all references resolved. */
export interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: Json;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Json }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Json }>> }>
  >;
}

export interface ApiDocument {
  /** Returns the operation of a route, or undefined when the document has none. */
  operation(method: string, path: string): Operation | undefined;
  /** `get /v2.1/servers/{}` for each operation. */
  readonly names: readonly string[];
  /** Returns the whole document with all references resolved. */
  whole(): Tree;
}

const methods = ['get', 'head', 'put', 'post', 'patch', 'delete', 'copy', 'options'];

/** The path without the names of parameters: `/servers/:id` and `/servers/{server_id}` are the same. */
export const pathKey = (path: string): string =>
  path.replace(/\{[^{}]*\}\*?|[:*][A-Za-z_]+/g, '{}').replace(/(.)\/$/, '$1');

export function openDocument(folder: string): ApiDocument {
  const file = join(folder, 'openapi.yaml');
  const paths = once(() => pathsOf(readYaml(file)));
  const itemOf = memo((key: string) => follow(paths().get(key) ?? {}, file) as Tree);
  const operation = (method: string, path: string) => {
    const item = itemOf(pathKey(path));
    const found = item[method] as unknown as Operation | undefined;
    if (!found) return undefined;
    const common = (item.parameters ?? []) as unknown as Operation['parameters'];
    return { ...found, responses: found.responses ?? {}, parameters: [...common, ...(found.parameters ?? [])] };
  };
  const names = () =>
    [...paths().keys()].flatMap((key) =>
      Object.keys(itemOf(key))
        .filter((name) => methods.includes(name))
        .map((name) => `${name} ${key}`),
    );
  return {
    operation,
    get names() {
      return names();
    },
    whole: () => follow(readYaml(file), file) as Tree,
  };
}

function pathsOf(root: Tree): ReadonlyMap<string, Json> {
  const base = baseOf(root);
  return new Map(Object.entries((root.paths ?? {}) as Tree).map(([path, item]) => [pathKey(base + path), item]));
}

const baseOf = (root: Tree): string => {
  const [server] = (root.servers ?? []) as { url: string }[];
  return (server?.url ?? '').replace(/\/$/, '');
};

const once = <T>(make: () => T) => {
  const made = memo(make);
  return () => made('');
};

const memo = <T>(make: (key: string) => T) => {
  const made = new Map<string, T>();
  return (key: string): T => {
    const before = made.get(key);
    if (before !== undefined) return before;
    const value = make(key);
    made.set(key, value);
    return value;
  };
};

const readYaml = memo((file: string) => parseYaml(readFileSync(file, 'utf8')) as Tree);

/** Replaces each `$ref` by its target. Throws for a circular reference. */
function follow(node: Json, file: string, trail: readonly string[] = []): Json {
  if (Array.isArray(node)) return node.map((item) => follow(item, file, trail));
  if (node === null || typeof node !== 'object') return node;
  if (typeof node.$ref !== 'string')
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, follow(value, file, trail)]));
  const [name = '', fragment = ''] = node.$ref.split('#');
  const target = name ? join(dirname(file), name) : file;
  const place = `${target}#${fragment}`;
  if (trail.includes(place)) throw new Error(`${file}: ${node.$ref} refers to itself`);
  const { $ref: _, ...beside } = node;
  const found = follow(pointer(readYaml(target), fragment, place), target, [...trail, place]);
  return Object.keys(beside).length === 0 ? found : { ...(found as Tree), ...(follow(beside, file, trail) as Tree) };
}

function pointer(root: Json, fragment: string, place: string): Json {
  const keys = fragment
    .split('/')
    .filter(Boolean)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return keys.reduce<Json>((at, key) => {
    const next = (at as Tree)?.[key];
    if (next === undefined) throw new Error(`${place} does not exist`);
    return next;
  }, root);
}
