/** Checks answers of tests against openapi/identity. */
import { join } from 'node:path';
import { openDocument } from '#shared/api/document.ts';
import { routes } from '../../services/identity/routes.ts';

const document = openDocument(join(import.meta.dirname, '../../openapi/identity'));

/** Fixed paths come first: `/v3/limits/model` is not a limit. */
const places = [...new Set(routes.map(({ path }) => path))]
  .toSorted((a, b) => a.split(':').length - b.split(':').length)
  .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`) }));

/** Statuses that the HTTP server may give for any request. */
const ofTheRoad = new Set([405, 413, 415, 431, 500]);

/** Throws for an answer whose status is not described. */
export function refuseUndescribed(method: string, url: string, status: number): void {
  const bare = url.replace(/\?.*$/, '');
  const place = places.find(({ pattern }) => pattern.test(bare));
  const verbs = method === 'HEAD' ? ['head', 'get'] : [method.toLowerCase()];
  const [operation] = verbs.flatMap((verb) => (place && document.operation(verb, place.path)) ?? []);
  if (operation && !ofTheRoad.has(status) && !(status in operation.responses))
    throw new Error(`${method} ${place?.path} answers ${status}, which openapi/identity does not know`);
}
