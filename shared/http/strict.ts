/**
 * `validation: strict`: express-openapi-validator validates each request too, against the same documents narrowed to its
 * version. It takes several times as long as `default`, and serves as a second implementation to compare with.
 */
import type { Request, RequestHandler, Response } from 'express';
import { middleware } from 'express-openapi-validator';
import type { ApiDocument, Json } from '#shared/api/document.ts';
import { boundaries, narrow } from '#shared/api/narrow.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, type Fault } from '#shared/errors/fault.ts';

/** Returns the Fault of an invalid request, or undefined. */
export type Strict = (req: Request, res: Response, version: Version, body: unknown) => Promise<Fault | undefined>;

export function strictOf(document: ApiDocument): Strict {
  const whole = document.whole() as Json;
  const steps = boundaries(whole);
  const made = new Map<number, RequestHandler[]>();
  const handlersFor = (version: Version) => {
    const range = steps.filter((step) => atLeast(version, step)).length;
    const handlers = made.get(range) ?? handlersOf(narrow(whole, version));
    made.set(range, handlers);
    return handlers;
  };
  return async (req, res, version, body) => {
    Object.defineProperty(req, 'query', { value: queryOf(req.originalUrl), configurable: true, writable: true });
    req.body = body ?? {};
    for (const handler of handlersFor(version)) {
      const error = await outcome(handler, req, res);
      if (error && ((error as { status?: number }).status ?? 500) >= 500) throw error;
      if (error) return badRequest(error.message);
    }
    return undefined;
  };
}

const handlersOf = (apiSpec: unknown): RequestHandler[] =>
  [
    middleware({
      apiSpec: apiSpec as never,
      validateApiSpec: false,
      validateRequests: { allowUnknownQueryParameters: true, coerceTypes: false },
      validateResponses: false,
      validateSecurity: false,
      ignoreUndocumented: true,
      fileUploader: false,
    }),
  ].flat() as unknown as RequestHandler[];

const outcome = (handler: RequestHandler, req: Request, res: Response): Promise<Error | undefined> =>
  new Promise((resolve) => {
    Promise.resolve(handler(req, res, (error?: unknown) => resolve(error as Error | undefined))).catch(resolve);
  });

const queryOf = (url: string) => {
  const query: Record<string, string | string[]> = {};
  const params = new URLSearchParams(url.split('?')[1] ?? '');
  for (const key of params.keys())
    query[key] = params.getAll(key).length > 1 ? params.getAll(key) : (params.get(key) ?? '');
  return query;
};
