/** The API. Its paths hold what they name; who may is asked in the handlers, for a container has its own word in it. */
import type { Handler, Route } from '#shared/http/route.ts';
import { listContainers, refuseAccount, setAccount, showAccount } from './accounts/handlers.ts';
import { createContainer, deleteContainer, listObjects, setContainer, showContainer } from './containers/handlers.ts';
import type { ObjectStore } from './context.ts';
import { healthcheck, showInfo } from './info/handlers.ts';
import { copyObject } from './objects/copy.ts';
import { getObject } from './objects/download.ts';
import { deleteObject, setObject } from './objects/handlers.ts';
import { putObject } from './objects/upload.ts';

type Method = Route<ObjectStore>['method'];

/** The bytes are the handler's, and a stranger may be one whom a container lets in. */
const open = (method: Method, path: string, handler: Handler<ObjectStore>): Route<ObjectStore> => ({
  method,
  path,
  handler,
  rule: null,
  who: 'anybody',
  body: 'stream',
});

const account = '/v1/:account';
const container = '/v1/:account/:container';
const object = '/v1/:account/:container/*object';

export const routes: readonly Route<ObjectStore>[] = [
  { ...open('get', '/info', showInfo), who: 'nobody' },
  { ...open('get', '/healthcheck', healthcheck), who: 'nobody' },
  open('head', account, showAccount),
  open('get', account, listContainers),
  open('post', account, setAccount),
  open('put', account, refuseAccount),
  open('delete', account, refuseAccount),
  open('head', container, showContainer),
  open('get', container, listObjects),
  open('put', container, createContainer),
  open('post', container, setContainer),
  open('delete', container, deleteContainer),
  open('head', object, getObject),
  open('get', object, getObject),
  open('put', object, putObject),
  open('post', object, setObject),
  open('delete', object, deleteObject),
  open('copy', object, copyObject),
];
