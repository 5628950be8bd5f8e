/** Every error becomes a response in the format of the API. */
import type { ErrorRequestHandler, Request } from 'express';
import type { Version } from '#shared/api/versions.ts';
import { isDiskFull, isLost } from '#shared/db/errors.ts';
import { badRequest, Fault, Unavailable } from '#shared/errors/fault.ts';
import { type Addressing, baseOf, withoutProxies } from './address.ts';
import { send } from './answer.ts';
import type { Dialect, Header } from './dialect.ts';
import { diskIsFull } from './full-disk.ts';
import type { ServeOptions } from './options.ts';

function faultOf(error: unknown, requestId: string): Fault {
  if (error instanceof Unavailable)
    return new Fault(503, 'serviceUnavailable', error.message, { headers: { 'retry-after': '5' } });
  if (isDiskFull(error)) return diskIsFull();
  if (isLost(error)) return isAway();
  return new Fault(500, 'unexpected', `An unexpected error stopped the request ${requestId}.`);
}

/** The database, or another server, was lost in the middle: of a write it is unknown whether it was stored. */
const isAway = () =>
  new Fault(
    503,
    'serviceUnavailable',
    'What this service needs does not answer: look whether it was done, and try again in a moment.',
    { headers: { 'retry-after': '5' } },
  );

/** The base of links in a fault; without the Host when it is malformed. */
function linkBase(req: Request, addressing: Addressing): string {
  try {
    return baseOf(req, addressing);
  } catch {
    return 'http://';
  }
}

const malformed = ({ malformedPath }: Dialect): Fault =>
  malformedPath?.() ?? badRequest('The path has an invalid percent-encoding.');

export const sendFault =
  <Service>({ dialect, log, addressing = withoutProxies }: ServeOptions<Service>): ErrorRequestHandler =>
  (error: unknown, req, res, next) => {
    const id = res.locals.requestId as string;
    const version = res.locals.version as Version | undefined;
    const expected = error instanceof URIError ? malformed(dialect) : error;
    if (!(expected instanceof Fault) && !res.destroyed)
      log.error(
        { requestId: id, method: req.method, path: req.path, error },
        'a request failed with an unexpected error',
      );
    if (res.headersSent) return next(error); // part of the answer is sent: the connection is closed
    const fault = expected instanceof Fault ? expected : faultOf(expected, id);
    res.locals.fault = fault;
    const header: Header = (name) => req.headers[name] as string | undefined;
    const { body, headers = {} } = dialect.fault(fault, { id, version, header, base: linkBase(req, addressing) });
    if (!req.complete) res.setHeader('connection', 'close'); // the rest of the body is not read
    void send(res, {
      status: fault.status,
      body,
      headers: { ...headers, ...fault.headers, ...dialect.headers?.(version, id) },
    });
  };
