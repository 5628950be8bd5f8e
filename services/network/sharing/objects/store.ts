/** What can be shared by RBAC policies, and which projects use a shared object. */
import type { Knex } from 'knex';
import { addressGroups } from '../../address-groups/resource.ts';
import { addressScopes } from '../../address-scopes/resource.ts';
import { networks } from '../../networks/resource.ts';
import { policyRows } from '../../qos/resource.ts';
import type { Resource } from '../../resources/resource.ts';
import { securityGroups } from '../../security-groups/resource.ts';
import { subnetPools } from '../../subnet-pools/resource.ts';
import type { ObjectType, SharingAction } from '../policy.ts';

interface Owned {
  readonly id: string;
  readonly projectId: string;
}

interface Shareable {
  readonly rows: Pick<Resource<Owned>['rows'], 'find' | 'get' | 'lock'>;
  /** Its table, where that has a column for what all projects may use. */
  readonly flagged?: string;
  /** By action: the rows of projects that need it to be shared so. */
  readonly users: Readonly<Partial<Record<SharingAction, (db: Knex, id: string) => Knex.QueryBuilder[]>>>;
}

/** The rows of a table that name the object in that column. */
const by =
  (column: string, ...tables: string[]) =>
  (db: Knex, id: string) =>
    tables.map((table) => db(table).where({ [column]: id }));

const portsInGroup = (db: Knex, groupId: string) => [
  db('ports').whereIn('id', db('port_groups').where({ groupId }).select('portId')),
];

export const shareables: Readonly<Partial<Record<ObjectType, Shareable>>> = {
  network: {
    rows: networks.rows,
    flagged: 'networks',
    users: { access_as_shared: by('networkId', 'ports'), access_as_external: by('gatewayNetworkId', 'routers') },
  },
  address_group: {
    rows: addressGroups.rows,
    users: { access_as_shared: by('remoteAddressGroupId', 'security_group_rules') },
  },
  qos_policy: { rows: policyRows, users: { access_as_shared: by('qosPolicyId', 'ports', 'networks') } },
  security_group: { rows: securityGroups.rows, users: { access_as_shared: portsInGroup } },
  subnetpool: {
    rows: subnetPools.rows,
    flagged: 'subnet_pools',
    users: { access_as_shared: by('subnetpoolId', 'subnets') },
  },
  address_scope: {
    rows: addressScopes.rows,
    flagged: 'address_scopes',
    users: { access_as_shared: by('addressScopeId', 'subnet_pools') },
  },
};

/** The projects other than that of the object whose resources use it. */
export async function usersOf(
  db: Knex,
  type: ObjectType,
  action: SharingAction,
  { id, projectId }: Owned,
): Promise<string[]> {
  const users = shareables[type]?.users[action];
  if (!users) return [];
  const found = await Promise.all(
    users(db, id).map(
      (query): PromiseLike<{ readonly projectId: string }[]> =>
        query.whereNotIn('projectId', [projectId, '']).distinct('projectId'),
    ),
  );
  return [...new Set(found.flat().map((row) => row.projectId))];
}
