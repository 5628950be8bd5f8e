import type { Knex } from 'knex';
import { type Subnet, subnetRows } from './resource.ts';

export const subnetsOf = (db: Knex, networkIds: readonly string[]): Promise<Subnet[]> =>
  subnetRows.whereIn(db, 'networkId', networkIds);
