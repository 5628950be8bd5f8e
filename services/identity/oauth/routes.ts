import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { consumerHandlers, createConsumer } from './handlers.ts';

const all = '/v3/OS-OAUTH1/consumers';
const { list, show, update, remove } = consumerHandlers;

export const consumerRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: all, handler: list, rule: 'identity:list_consumers' },
  { method: 'post', path: all, handler: createConsumer, rule: 'identity:create_consumer' },
  { method: 'get', path: `${all}/:id`, handler: show, rule: 'identity:get_consumer' },
  { method: 'patch', path: `${all}/:id`, handler: update, rule: 'identity:update_consumer' },
  { method: 'delete', path: `${all}/:id`, handler: remove, rule: 'identity:delete_consumer' },
];
