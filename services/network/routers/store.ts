import type { Knex } from 'knex';
import { type Attributes, flag, type Standard, standardAttributes, tableOf, text } from '../resources/store.ts';

export interface Route {
  readonly destination: string;
  readonly nexthop: string;
}

export interface Router extends Standard {
  readonly adminStateUp: boolean;
  readonly status: 'ACTIVE' | 'DOWN' | 'ERROR';
  readonly routes: readonly Route[];
  readonly gatewayPortId: string | null;
  readonly gatewayNetworkId: string | null;
  readonly enableSnat: boolean;
  /** The host that it runs on; '' while there is none. */
  readonly host: string;
}

export const routerRows = tableOf<Router>({
  name: 'routers',
  json: ['routes'],
  missing: ['RouterNotFound', (id) => `Router ${id} could not be found`],
});

/** Does not increase the revision, as the state is not set by a request. */
export const setRouterState = (tx: Knex, id: string, status: Router['status']) =>
  tx<Router>('routers').where({ id }).whereNot({ status }).update({ status });

export const routerAttributes: Attributes = {
  ...standardAttributes,
  admin_state_up: flag('adminStateUp'),
  status: text('status'),
};
