/** The routes. Authorization is in the handlers, since it depends on the ACLs of the container. */
import { type Call, checkedInHandler, type Handler, type Route } from '#shared/http/route.ts';
import { listContainers, refuseAccount, setAccount, showAccount } from './accounts/handlers.ts';
import { createContainer, deleteContainer, listObjects, setContainer, showContainer } from './containers/handlers.ts';
import type { ObjectStore } from './context.ts';
import { titledHeaders } from './dialect.ts';
import { features, filters } from './features/all.ts';
import { preflight } from './features/cors.ts';
import type { Level, Method, Verbs } from './features/feature.ts';
import { filtered } from './features/filter.ts';
import { crossDomain, healthcheck, refuseBadUrl, showInfo } from './info/handlers.ts';
import { getObject } from './objects/download.ts';
import { deleteObject, setObject } from './objects/handlers.ts';
import { orDrained, putObject } from './objects/upload.ts';
import { refuse } from './requests/refusals.ts';
import { headersIn, levelOf, type PathHandler, parsePath } from './requests/request.ts';
import { refuseUnsupported } from './requests/unsupported.ts';
import { showRing } from './ring/handlers.ts';
import { handleS3, isS3 } from './s3/dispatch.ts';

const storage: Readonly<Record<Level, Verbs>> = {
  account: { head: showAccount, get: listContainers, post: setAccount, put: refuseAccount, delete: refuseAccount },
  container: {
    head: showContainer,
    get: listObjects,
    put: createContainer,
    post: setContainer,
    delete: deleteContainer,
  },
  object: { head: getObject, get: getObject, put: putObject, post: setObject, delete: deleteObject },
};

const methodsOf = (level: Level): string[] => [
  ...new Set(
    [storage, ...features].flatMap((each) => Object.keys(each[level] ?? {}).map((verb) => verb.toUpperCase())),
  ),
];

/** That of the first feature that the request asks for, otherwise the plain one. Throws 405. */
function handlerFor(call: Call, level: Level, method: Method): PathHandler {
  const feature = features.find((each) => each[level]?.[method] && each.matches(call));
  const handler = (feature?.[level] ?? storage[level])[method];
  if (handler) return handler;
  throw refuse(405, undefined, { allow: methodsOf(level).join(', ') });
}

/** The handler for the request as the filters pass it on. */
const handled: PathHandler = (request) => {
  const { call, target } = request;
  return handlerFor(call, levelOf(target), call.method.toLowerCase() as Method)(request);
};

/** Dispatches by the decoded path: `c%2Fo` is an object, `c/` a container. */
const dispatched =
  (method: Method): Handler<ObjectStore> =>
  async (store, call) => {
    if (isS3(call)) return s3(store, call);
    const encoding = call.header('transfer-encoding')?.toLowerCase();
    if (encoding !== undefined && encoding !== 'chunked')
      throw refuse(501, 'Unsupported Transfer-Coding header value specified in Transfer-Encoding header');
    const target = parsePath(call);
    refuseUnsupported(call);
    const handle = () => filtered(filters, call, handled)({ store, call, target, headers: headersIn(call) });
    const { headers = {}, ...answer } = await (method === 'put' ? orDrained(call, handle) : handle());
    return { ...answer, headers: titledHeaders(headers) };
  };

/** The handler reads the body; the token is optional, since a container may be public. */
const open = (method: Method, path: string): Route<ObjectStore> => ({
  method,
  path,
  handler: dispatched(method),
  rule: checkedInHandler('object-store:resell', 'object-store:operate', 'object-store:read'),
  auth: 'optional',
  body: 'stream',
});

/** A request that is signed as AWS wants it. Its account is that of its key. */
const s3: Handler<ObjectStore> = async (store, call) => {
  if (!isS3(call)) throw refuse(404);
  return orDrained(call, () => handleS3(store, call)); // in lower case: clients name metadata as they get it
};

/** What a browser asks about a request to another origin. */
const asked: Handler<ObjectStore> = async (store, call) => {
  const target = parsePath(call);
  const methods = [...methodsOf(levelOf(target)), 'OPTIONS'];
  const { headers = {}, ...answer } = await preflight({ store, call, target, headers: headersIn(call) }, methods);
  return { ...answer, headers: titledHeaders(headers) };
};

const levels = (version: string) =>
  [`/${version}/:account`, `/${version}/:account/:container`, `/${version}/:account/:container/*object`] as const;
const paths = [...levels('v1'), ...levels('v1.0')];
const plain: readonly Method[] = ['head', 'get', 'put', 'post', 'delete'];

export const routes: readonly Route<ObjectStore>[] = [
  { method: 'get', path: '/info', handler: showInfo, auth: 'none', body: 'stream' },
  { method: 'get', path: '/healthcheck', handler: healthcheck, auth: 'none', body: 'stream' },
  { method: 'get', path: '/crossdomain.xml', handler: crossDomain, auth: 'none', body: 'stream' },
  { method: 'get', path: '/recon/ring', handler: showRing, rule: 'object-store:get_ring', body: 'stream' },
  { method: 'get', path: '/v1', handler: refuseBadUrl, auth: 'none', body: 'stream' },
  ...paths.flatMap((path) => plain.map((method) => open(method, path))),
  ...paths.filter((path) => path.endsWith('*object')).map((path) => open('copy', path)),
  ...paths.map(
    (path): Route<ObjectStore> => ({ method: 'options', path, handler: asked, auth: 'none', body: 'stream' }),
  ),
  { method: 'get', path: '/v1/*rest', handler: refuseBadUrl, auth: 'none', body: 'stream' },
  ...['/', '/:bucket', '/:bucket/*key'].flatMap((path) =>
    plain.map((method): Route<ObjectStore> => ({ method, path, handler: s3, auth: 'none', body: 'stream' })),
  ),
];
