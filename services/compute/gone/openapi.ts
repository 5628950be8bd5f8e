/** The paths of removed APIs, each by its name in camelCase: `osCellsId`. */
import type { Json } from '#shared/api/document.ts';
import { removed } from './routes.ts';

const nameOf = (path: string): string =>
  path
    .split(/[-_/:]/)
    .map((part, at) => (at === 0 ? part : part.charAt(0).toUpperCase() + part.slice(1)))
    .join('');

const operation = (operationId: string): Json => ({
  operationId,
  summary: 'Removed from Nova',
  responses: { 410: { description: 'This resource is no longer available' } },
});

const parametersOf = (path: string): Json => {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const parameters = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  return parameters.length > 0 ? { parameters } : {};
};

/** `os-networks` and `os-tenant-networks` still have other methods: proxies.yaml describes all of them. */
export const gone: Json = Object.fromEntries(
  Object.entries(removed)
    .filter(([path]) => !/^os-(?:tenant-)?networks(?:\/:id)?$/.test(path))
    .map(([path, methods]) => {
      const name = nameOf(path);
      const operations = methods.map((method) => [method, operation(`${method}Gone${name}`)]);
      return [name, { ...(parametersOf(path) as object), ...Object.fromEntries(operations) }];
    }),
);
