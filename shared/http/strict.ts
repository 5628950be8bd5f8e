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
  const narrowed = memo((_range, version: Version) => narrow(whole, version) as unknown as Document);
  const handlers = memo((_key, all: Document, length: number) => handlersOf(partFor(all, length)));
  const longest = Math.max(...Object.keys((whole as unknown as Document).paths).map(lengthOf));
  const handlersFor = (version: Version, url: string) => {
    const range = String(steps.filter((step) => atLeast(version, step)).length);
    const length = Math.min(lengthOf(url.split('?')[0] ?? ''), longest + 1);
    return handlers(`${range} ${length}`, narrowed(range, version), length);
  };
  return async (req, res, version, body) => {
    Object.defineProperty(req, 'query', { value: queryOf(req.originalUrl), configurable: true, writable: true });
    req.body = body ?? {};
    for (const handler of handlersFor(version, req.originalUrl)) {
      const error = await outcome(handler, req, res);
      if (error && ((error as { status?: number }).status ?? 500) >= 500) throw error;
      if (error) return badRequest(error.message);
    }
    return undefined;
  };
}

interface Document {
  readonly paths: Readonly<Record<string, unknown>>;
}

/**
 * The document with only the paths that the URL may be one of, those with as many segments: the validator compiles each operation
 * together with its whole document, several times. References are resolved already, so that the components are not needed.
 */
function partFor({ paths, components: _, ...rest }: Document & { readonly components?: unknown }, length: number) {
  const isNear = ([path]: [string, unknown]) => path.includes('}*') || lengthOf(path) === length;
  return { ...rest, paths: Object.fromEntries(Object.entries(paths).filter(isNear)) };
}

const lengthOf = (path: string): number => path.split('/').filter(Boolean).length;

function memo<More extends readonly unknown[], T>(make: (key: string, ...more: More) => T) {
  const made = new Map<string, T>();
  return (key: string, ...more: More): T => {
    const value = made.get(key) ?? make(key, ...more);
    made.set(key, value);
    return value;
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
