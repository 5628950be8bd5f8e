/** Limits of projects, and what they have. */
import { conflict } from '#shared/errors/fault.ts';
import { type Limits, quotas } from '#shared/resource/quota.ts';
import { addressGroups } from '../address-groups/resource.ts';
import type { Network } from '../context.ts';
import { floatingIps } from '../floating-ips/resource.ts';
import { networks } from '../networks/resource.ts';
import { ports } from '../ports/resource.ts';
import { routers } from '../routers/resource.ts';
import { securityGroupRules, securityGroups } from '../security-groups/resource.ts';
import { rbacPolicies } from '../sharing/resource.ts';
import { subnetPools } from '../subnet-pools/resource.ts';
import { subnets } from '../subnets/resource.ts';

const counted = [
  networks,
  subnets,
  subnetPools,
  ports,
  routers,
  floatingIps,
  securityGroups,
  securityGroupRules,
  rbacPolicies,
  addressGroups,
];

/** Quotas that clients expect; what they limit is not implemented. */
const absent = { trunk: -1 };

const countedLimits = ({ config }: Network) => ({
  network: config.quotaNetwork,
  subnet: config.quotaSubnet,
  subnetpool: config.quotaSubnetpool,
  port: config.quotaPort,
  router: config.quotaRouter,
  floatingip: config.quotaFloatingip,
  security_group: config.quotaSecurityGroup,
  security_group_rule: config.quotaSecurityGroupRule,
  address_group: config.quotaAddressGroup,
  rbac_policy: config.quotaRbacPolicy,
});
type Counted = keyof ReturnType<typeof countedLimits>;

async function used({ db }: Network, projectId: string, resources: readonly string[]): Promise<Limits> {
  const has: Record<string, number> = {};
  for (const { one, rows } of counted) if (resources.includes(one)) has[one] = await rows.countOf(db, { projectId });
  return has;
}

const cloud = (network: Network): Limits => ({ ...countedLimits(network), ...absent });
const lock = { table: 'quotaLocks', key: 'projectId' };
export const networkQuotas = quotas<Network>({ column: 'ceiling', lock, cloud, used });

/** Throws 409 when `more` would exceed the quota. Call in the transaction that inserts the rows. Rows without a project are not counted. */
export async function reserve(network: Network, projectId: string, resource: Counted, more = 1): Promise<void> {
  if (projectId === '') return;
  await networkQuotas.reserve(network, projectId, { [resource]: more }, () =>
    conflict(`Quota exceeded for resources: ['${resource}'].`, 'OverQuota'),
  );
}
