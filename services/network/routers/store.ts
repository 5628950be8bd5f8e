import type { Knex } from 'knex';
import type { Who } from '#shared/auth/who.ts';
import {
  type Attributes,
  everything,
  flag,
  type Listing,
  type Query,
  type Standard,
  seesAll,
  standardAttributes,
  tableOf,
  text,
} from '../resources/store.ts';

export interface Route {
  readonly destination: string;
  readonly nexthop: string;
}

export interface Router extends Standard {
  readonly adminStateUp: boolean;
  readonly status: 'ACTIVE' | 'DOWN';
  readonly routes: readonly Route[];
  readonly gatewayPortId: string | null;
  readonly gatewayNetworkId: string | null;
  readonly enableSnat: boolean;
  /** Where it runs; '' while no host is known. */
  readonly host: string;
}

export const routerRows = tableOf<Router>('routers', ['routes']);

export const routerAttributes: Attributes = {
  ...standardAttributes,
  admin_state_up: flag('adminStateUp'),
  status: text('status'),
};

const visible = (who: Who) => (query: Query) => {
  if (!seesAll(who)) query.where({ projectId: who.projectId ?? '' });
};

export const listRouters = (db: Knex, who: Who, listing: Listing) => routerRows.list(db, visible(who), listing);

export async function getVisibleRouter(db: Knex, who: Who, id: string): Promise<Router | undefined> {
  const only = { ...everything, filters: [(query: Query) => void query.where({ id })] };
  const [row] = await listRouters(db, who, only);
  return row;
}
