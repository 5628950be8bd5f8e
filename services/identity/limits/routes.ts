import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import {
  createLimits,
  createRegistered,
  deleteLimit,
  deleteRegistered,
  listLimits,
  listRegistered,
  showLimit,
  showModel,
  showRegistered,
  updateLimit,
  updateRegistered,
} from './handlers.ts';

const rule = (name: string) => `identity:${name}`;
const registered = '/v3/registered_limits';

export const limitRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: registered, handler: listRegistered, rule: rule('list_registered_limits') },
  { method: 'post', path: registered, handler: createRegistered, rule: rule('create_registered_limits') },
  { method: 'get', path: `${registered}/:id`, handler: showRegistered, rule: rule('get_registered_limit') },
  { method: 'patch', path: `${registered}/:id`, handler: updateRegistered, rule: rule('update_registered_limit') },
  { method: 'delete', path: `${registered}/:id`, handler: deleteRegistered, rule: rule('delete_registered_limit') },
  { method: 'get', path: '/v3/limits/model', handler: showModel, rule: rule('get_limit_model') },
  { method: 'get', path: '/v3/limits', handler: listLimits, rule: rule('list_limits') },
  { method: 'post', path: '/v3/limits', handler: createLimits, rule: rule('create_limits') },
  { method: 'get', path: '/v3/limits/:id', ...showLimit },
  { method: 'patch', path: '/v3/limits/:id', handler: updateLimit, rule: rule('update_limit') },
  { method: 'delete', path: '/v3/limits/:id', handler: deleteLimit, rule: rule('delete_limit') },
];
