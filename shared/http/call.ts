import type { Request, Response } from 'express';
import type { Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import type { Header } from '#shared/auth/token-keys.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { callerAddress, withoutProxies } from './address.ts';
import type { ServeOptions } from './options.ts';
import type { Call } from './route.ts';

export type Queries = Readonly<Record<string, readonly string[]>>;

const none: Queries = Object.freeze({});
const noQuery: Readonly<Record<string, string>> = Object.freeze({});

const lastOf = (queries: Queries): Record<string, string> =>
  Object.fromEntries(Object.entries(queries).map(([key, values]) => [key, values.at(-1) ?? '']));

/** More than clients send: a request line holds about 400 ids. A database refuses conditions of more than 1000 parts. */
const maxValues = 500;

/** Returns all values of each key of the query, in order. Throws 400 when there are more than 500, commas counted. */
export function queriesOf(url: string): Queries {
  const mark = url.indexOf('?');
  if (mark < 0) return none;
  const queries: Record<string, string[]> = Object.create(null);
  let count = 0;
  for (const [key, value] of new URLSearchParams(url.slice(mark + 1))) {
    queries[key] ??= [];
    queries[key].push(value);
    count += 1 + (value.includes(',') ? value.split(',').length - 1 : 0);
    if (count > maxValues) throw badRequest(`The query has more than ${maxValues} values. Ask in several requests.`);
  }
  return queries;
}

/** A request before its caller is known. */
export interface Received {
  readonly req: Request;
  readonly res: Response;
  readonly header: Header;
  readonly version: Version;
  readonly queries: Queries;
  readonly base: string;
}

/** Builds the call before its subject is found and its body is read. Getters in it would cost more than all of the rest. */
export function callOf<Service>(
  { enforcer, dialect, addressing = withoutProxies }: ServeOptions<Service>,
  { req, res, header, version, queries, base }: Received,
  caller: Caller,
): Call<undefined> {
  return {
    caller,
    version,
    body: undefined,
    subject: undefined,
    rule: null,
    queries,
    header,
    params: textParams(req),
    query: queries === none ? noQuery : lastOf(queries),
    base,
    url: req.originalUrl,
    method: req.method,
    address: callerAddress(req, addressing),
    stream: req,
    page: (collection, ids, limit) => {
      const last = ids.length < limit ? undefined : ids.at(-1);
      return last === undefined ? {} : (dialect.page?.(collection, base + pageAfter(req.originalUrl, last)) ?? {});
    },
    may: (rule, target) => enforcer.may(rule, caller, target),
    authorize: (rule, target) => enforcer.authorize(rule, caller, target),
    signal: () => goneSignal(res),
  };
}

/** The same path and query with this marker. */
function pageAfter(url: string, marker: string): string {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  query.set('marker', marker);
  return `${path}?${query}`;
}

/** Express gives a wildcard as a list of parts: joins them. */
function textParams(req: Request): Record<string, string> {
  const params = req.params as Record<string, string | string[]>;
  for (const [key, value] of Object.entries(params)) if (Array.isArray(value)) params[key] = value.join('/');
  return params as Record<string, string>;
}

function goneSignal(res: Response): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}
