import type { Knex } from 'knex';
import { type NetworkRow, networkRows } from './resource.ts';

/** Locks the network's subnets and DHCP port until the transaction ends. */
export const lockNetwork = (tx: Knex, id: string) => tx<NetworkRow>('networks').where({ id }).forUpdate().first('id');

export const isSegmentTaken = async (db: Knex, segmentationId: number): Promise<boolean> =>
  (await networkRows.countOf(db, { segmentationId })) > 0;
