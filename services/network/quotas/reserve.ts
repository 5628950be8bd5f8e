import { conflict } from '#shared/errors/fault.ts';
import type { Config, Network } from '../context.ts';
import { type Counted, countUsed, listQuotas, lockProject } from './store.ts';

export const defaultQuotas = (config: Config): Readonly<Record<Counted, number>> => ({
  network: config.quotaNetwork,
  subnet: config.quotaSubnet,
  port: config.quotaPort,
  router: config.quotaRouter,
  floatingip: config.quotaFloatingip,
  security_group: config.quotaSecurityGroup,
  security_group_rule: config.quotaSecurityGroupRule,
});

/** Throws 409 when `more` would exceed the quota. Call in the transaction that inserts the rows. Rows without a project are not counted. */
export async function reserve({ db, config }: Network, projectId: string, resource: Counted, more = 1): Promise<void> {
  if (projectId === '') return;
  await lockProject(db, projectId);
  const own = await listQuotas(db, projectId);
  const ceiling = own.get(resource) ?? defaultQuotas(config)[resource];
  if (ceiling < 0) return;
  if ((await countUsed(db, projectId, resource)) + more > ceiling)
    throw conflict(`Quota exceeded for resources: ['${resource}'].`, 'OverQuota');
}
