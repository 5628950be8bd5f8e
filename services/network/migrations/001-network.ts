import type { Knex } from 'knex';
import { ensureTable, type Migration } from '#shared/db/migrate.ts';
import { ensureHostWorkTable } from '#shared/hosts/work.ts';

/** What every resource of this API has, shown or not; later migrations have it too, so it stays as it is. */
export function standard(t: Knex.CreateTableBuilder): void {
  t.string('id', 36).primary();
  t.string('projectId', 64).notNullable().index();
  t.string('name', 255).notNullable().index();
  t.text('description').notNullable();
  t.text('tags').notNullable();
  t.bigInteger('createdAt').notNullable();
  t.bigInteger('updatedAt').notNullable();
  t.integer('revision').notNullable();
}

const networks = (tx: Knex) =>
  ensureTable(tx, 'networks', (t) => {
    standard(t);
    t.boolean('adminStateUp').notNullable();
    t.string('status', 16).notNullable();
    t.boolean('shared').notNullable();
    t.boolean('external').notNullable();
    t.boolean('isDefault').notNullable();
    t.integer('mtu').notNullable();
    t.string('networkType', 16).notNullable();
    t.string('physicalNetwork', 64).unique();
    // A flat network has one too: hosts need a number for it, only clients do not see it.
    t.integer('segmentationId').notNullable().unique();
    t.boolean('portSecurityEnabled').notNullable();
    t.string('dnsDomain', 255).notNullable();
  });

const subnets = (tx: Knex) =>
  ensureTable(tx, 'subnets', (t) => {
    standard(t);
    t.string('networkId', 36).notNullable().index();
    t.integer('ipVersion').notNullable();
    t.string('cidr', 64).notNullable();
    t.string('gatewayIp', 64);
    t.boolean('enableDhcp').notNullable();
    t.text('allocationPools').notNullable();
    t.text('dnsNameservers').notNullable();
    t.text('hostRoutes').notNullable();
    t.text('serviceTypes').notNullable();
    t.string('ipv6RaMode', 32);
    t.string('ipv6AddressMode', 32);
  });

const ports = (tx: Knex) =>
  ensureTable(tx, 'ports', (t) => {
    standard(t);
    t.string('networkId', 36).notNullable();
    t.string('macAddress', 32).notNullable();
    t.boolean('adminStateUp').notNullable();
    t.string('status', 16).notNullable();
    t.string('deviceId', 255).notNullable().index();
    t.string('deviceOwner', 255).notNullable();
    t.boolean('portSecurityEnabled').notNullable();
    t.text('allowedAddressPairs').notNullable();
    t.text('extraDhcpOpts').notNullable();
    t.string('dnsName', 255).notNullable();
    // The host that was asked for; '' when the port is nowhere.
    t.string('bindingHost', 255).notNullable().index();
    t.string('vifType', 32).notNullable();
    t.string('vnicType', 32).notNullable();
    t.text('bindingProfile').notNullable();
    t.unique(['networkId', 'macAddress']);
    t.index(['networkId', 'bindingHost']);
  });

const addresses = (tx: Knex) =>
  ensureTable(tx, 'addresses', (t) => {
    t.string('subnetId', 36).notNullable();
    t.string('address', 64).notNullable();
    t.string('portId', 36).notNullable().index();
    t.string('networkId', 36).notNullable();
    t.integer('position').notNullable();
    t.primary(['subnetId', 'address']);
    t.index(['networkId', 'address']);
  });

const routers = (tx: Knex) =>
  ensureTable(tx, 'routers', (t) => {
    standard(t);
    t.boolean('adminStateUp').notNullable();
    t.string('status', 16).notNullable();
    t.text('routes').notNullable();
    t.string('gatewayPortId', 36);
    t.string('gatewayNetworkId', 36).index();
    t.boolean('enableSnat').notNullable();
    t.string('host', 255).notNullable();
  });

const floatingIps = (tx: Knex) =>
  ensureTable(tx, 'floating_ips', (t) => {
    standard(t);
    t.string('floatingNetworkId', 36).notNullable().index();
    t.string('floatingIpAddress', 64).notNullable().index();
    t.string('floatingPortId', 36).notNullable();
    t.string('portId', 36).index();
    t.string('fixedIpAddress', 64);
    t.string('routerId', 36).index();
    t.string('status', 16).notNullable();
    t.string('dnsName', 255).notNullable();
    t.string('dnsDomain', 255).notNullable();
  });

async function groups(tx: Knex): Promise<void> {
  await ensureTable(tx, 'security_groups', (t) => {
    standard(t);
    t.boolean('stateful').notNullable();
  });
  await ensureTable(tx, 'default_groups', (t) => {
    t.string('projectId', 64).primary();
    t.string('groupId', 36).notNullable().unique();
  });
  await ensureTable(tx, 'security_group_rules', (t) => {
    standard(t);
    t.string('groupId', 36).notNullable().index();
    t.string('direction', 16).notNullable();
    t.string('ethertype', 8).notNullable();
    t.string('protocol', 32);
    t.integer('portMin');
    t.integer('portMax');
    t.string('cidr', 64);
    t.string('normalizedCidr', 64);
    t.string('remoteGroupId', 36).index();
  });
  await ensureTable(tx, 'port_groups', (t) => {
    t.string('portId', 36).notNullable();
    t.string('groupId', 36).notNullable().index();
    t.primary(['portId', 'groupId']);
  });
}

async function bookkeeping(tx: Knex): Promise<void> {
  await ensureTable(tx, 'quotas', (t) => {
    t.string('projectId', 64).notNullable();
    t.string('resource', 64).notNullable();
    t.integer('ceiling').notNullable();
    t.primary(['projectId', 'resource']);
  });
  await ensureTable(tx, 'hosts', (t) => {
    t.string('host', 255).primary();
    t.string('hostId', 64).notNullable();
    t.string('hostname', 255).notNullable();
    t.string('tunnelAddress', 64).notNullable();
    t.string('driver', 16).notNullable();
    t.text('features').notNullable();
    t.bigInteger('firstSeenAt').notNullable();
    t.bigInteger('seenAt').notNullable();
  });
  await ensureTable(tx, 'facts', (t) => {
    t.string('name', 64).primary();
    t.text('value').notNullable();
  });
}

/** What hosts and compute are still to be told. */
async function outbox(tx: Knex): Promise<void> {
  await ensureHostWorkTable(tx);
  await ensureTable(tx, 'statements', (t) => {
    t.string('id', 36).primary();
    t.string('host', 255).notNullable();
    t.string('kind', 16).notNullable();
    t.string('subject', 64).notNullable();
    t.integer('generation').notNullable();
    t.integer('tries').notNullable();
    t.bigInteger('freeAt').notNullable().index();
    t.unique(['host', 'kind', 'subject']);
  });
  await ensureTable(tx, 'server_events', (t) => {
    t.increments('sequence');
    t.string('serverId', 36).notNullable();
    t.string('name', 64).notNullable();
    t.string('tag', 64).notNullable();
    t.string('status', 16).notNullable();
    t.bigInteger('createdAt').notNullable();
  });
}

export const network: Migration = {
  name: '001-network',
  up: async (tx) => {
    for (const make of [networks, subnets, ports, addresses, routers, floatingIps, groups, bookkeeping, outbox])
      await make(tx);
  },
};
