/**
 * A filter stands before the handlers: it may change the request, answer it, or change the answer. A new one is a file of its
 * own and a line in all.ts. Requests that no filter matches pass none of them.
 */
import type { Answer, Call } from '#shared/http/route.ts';
import type { ObjectRequest, PathHandler } from '../requests/request.ts';

export interface Filter {
  matches(call: Call): boolean;
  handle(request: ObjectRequest, next: PathHandler): Promise<Answer>;
}

/** The handler behind those filters that match, the first outermost. */
export const filtered = (filters: readonly Filter[], call: Call, handler: PathHandler): PathHandler =>
  filters.filter((filter) => filter.matches(call)).reduceRight<PathHandler>(behind, handler);

const behind =
  (next: PathHandler, filter: Filter): PathHandler =>
  (request) =>
    filter.handle(request, next);
