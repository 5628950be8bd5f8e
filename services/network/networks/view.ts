import type { Network } from '../context.ts';
import { subnetsOf } from '../subnets/store.ts';
import type { NetworkRow } from './resource.ts';

/** The subnets of networks, and what clients do not see of an internal or a flat one. */
export async function networkRelations({ db }: Network, rows: readonly NetworkRow[]) {
  const ids = rows.map(({ id }) => id);
  const subnets = Map.groupBy(await subnetsOf(db, ids), ({ networkId }) => networkId);
  return ({ id, external, isDefault, networkType, segmentationId }: NetworkRow) => ({
    subnets: (subnets.get(id) ?? []).map((subnet) => subnet.id),
    isDefault: external ? isDefault : undefined,
    segmentationId: networkType === 'vxlan' ? segmentationId : null,
  });
}
