/** From 1.15 what is shown has the headers last-modified and cache-control. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import { type Answer, ok, type Route } from '#shared/http/route.ts';

export const cacheHeaders = (version: Version, modifiedMs = Date.now()): Record<string, string> =>
  atLeast(version, '1.15') ? { 'last-modified': new Date(modifiedMs).toUTCString(), 'cache-control': 'no-cache' } : {};

interface Dated extends Answer {
  readonly modifiedMs?: number;
}

/** An answer whose content was last changed then. */
export const dated = (body: unknown, modifiedMs: number | undefined): Dated => ({
  ...ok(body),
  ...(modifiedMs === undefined ? {} : { modifiedMs }),
});

/** Adds the headers to answers that show something: those of GET, and those with a body. */
export const withCacheHeaders =
  <Service>(handler: Route<Service>['handler']): Route<Service>['handler'] =>
  async (service, call) => {
    const { modifiedMs, ...answer }: Dated = await handler(service, call);
    if (call.method !== 'GET' && answer.body === undefined) return answer;
    return { ...answer, headers: { ...answer.headers, ...cacheHeaders(call.version, modifiedMs) } };
  };
