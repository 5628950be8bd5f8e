import type { Knex } from 'knex';
import type { Router } from './resource.ts';

/** Does not increase the revision, as the state is not set by a request. */
export const setRouterState = (tx: Knex, id: string, status: Router['status']) =>
  tx<Router>('routers').where({ id }).whereNot({ status }).update({ status });
