/** Storage services, pools and hosts, for administrators. */
import { hostname } from 'node:os';
import { longTime } from '#shared/api/times.ts';
import { atLeast } from '#shared/api/versions.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { isTrue } from '../listing/values.ts';
import { type HostUsage, usageOnHost } from '../volumes/store.ts';
import { listPools, type Pool, poolName, vendor } from '../workflows/scheduler/pools.ts';
import { changeHost, type Host, listHosts } from './store.ts';

const isUp = ({ presence }: Volumes, { name: host, reportedAt }: Host) => presence.isUp({ host, reportedAt });
const driverOf = ({ report }: Host) => report.pools[0]?.driver ?? 'none';

/** The scheduler runs in this process, so it is always up. */
export const listServices: Handler<Volumes> = async (service, { query, version }) => {
  const clustered = atLeast(version, '3.7') ? { cluster: null } : {};
  const storage = (await listHosts(service.db)).map((host) => ({
    binary: 'cinder-volume',
    host: `${host.name}@${driverOf(host)}`,
    zone: service.config.zone,
    status: host.enabled ? 'enabled' : 'disabled',
    state: isUp(service, host) ? 'up' : 'down',
    updated_at: longTime(host.reportedAt),
    ...clustered,
    disabled_reason: host.disabledReason,
    replication_status: 'disabled',
    active_backend_id: null,
    frozen: host.frozen,
    ...(atLeast(version, '3.49') ? { backend_state: isUp(service, host) ? 'up' : 'down' } : {}),
  }));
  const backup = (await listHosts(service.db))
    .filter(({ report }) => report.backups !== undefined)
    .map((host) => ({
      binary: 'cinder-backup',
      host: host.name,
      zone: service.config.zone,
      status: 'enabled',
      state: isUp(service, host) ? 'up' : 'down',
      updated_at: longTime(host.reportedAt),
      ...clustered,
      disabled_reason: null,
    }));
  const scheduler = {
    binary: 'cinder-scheduler',
    host: service.cloud.host || hostname(),
    zone: service.config.zone,
    status: 'enabled',
    state: 'up',
    updated_at: longTime(Date.now()),
    ...clustered,
    disabled_reason: null,
  };
  const services = [...storage, ...backup, scheduler].filter((each) => matches(each, query));
  return ok({ services });
};

const isGiven = (text: string | undefined): text is string => text !== undefined && text !== '' && text !== 'None';

function matches(each: { readonly binary: string; readonly host: string }, query: Readonly<Record<string, string>>) {
  const { host, binary = query.service } = query;
  if (isGiven(binary) && each.binary !== binary) return false;
  return !isGiven(host) || each.host === host || each.host.split('@')[0] === host;
}

interface Toggle {
  readonly host?: string;
  readonly binary?: string;
  readonly service?: string;
  readonly disabled_reason?: string;
}

const setEnabled =
  (enabled: boolean, needsReason = false): Handler<Volumes, Toggle> =>
  async ({ db }, { body }) => {
    const { host = '', binary = body.service ?? 'cinder-volume', disabled_reason: reason } = body;
    if (needsReason && !reason?.trim()) throw badRequest('Disabled reason contains invalid characters or is too long');
    const name = host.split('@')[0] ?? '';
    const disabledReason = enabled ? null : (reason ?? null);
    if (binary !== 'cinder-volume' || !(await changeHost(db, name, { enabled, disabledReason })))
      throw notFound(`Service ${binary} on host`, host);
    const status = enabled ? 'enabled' : 'disabled';
    return ok({
      host,
      service: binary,
      binary,
      disabled: !enabled,
      status,
      ...(needsReason ? { disabled_reason: reason } : {}),
    });
  };
export const enableService = setEnabled(true);
export const disableService = setEnabled(false);
export const disableServiceWithReason = setEnabled(false, true);

const setFrozen =
  (frozen: boolean): Handler<Volumes, Toggle> =>
  async ({ db }, { body: { host = '' } }) => {
    if (!(await changeHost(db, host.split('@')[0] ?? '', { frozen })))
      throw badRequest(`Invalid input received: Service cinder-volume could not be found on host ${host}.`);
    return ok(undefined);
  };
export const freezeHost = setFrozen(true);
export const thawHost = setFrozen(false);

export const listPoolsHandler: Handler<Volumes> = async (service, { query }) => {
  const { config } = service;
  const pools = (await listPools(service)).filter((pool) => !isGiven(query.name) || poolName(pool) === query.name);
  const view = (pool: Pool) =>
    isTrue(query.detail ?? 'false')
      ? { name: poolName(pool), capabilities: capabilitiesOf(pool, config.overcommit) }
      : { name: poolName(pool) };
  return ok({ pools: pools.map(view) });
};

/** In the column that `openstack volume backend pool list --long` prints. */
const protocolOf = ({ protocol, replicas, balancedReads }: Pool): string =>
  replicas === 1
    ? `${protocol}, 1 replica`
    : `${protocol}, ${replicas} replicas, reads ${balancedReads ? 'balanced' : 'from one'}`;

const capabilitiesOf = (pool: Pool, overcommit: number) => ({
  volume_backend_name: pool.driver,
  pool_name: pool.name,
  driver_version: '1.0',
  storage_protocol: protocolOf(pool),
  replicas: pool.replicas,
  balanced_reads: pool.balancedReads,
  vendor_name: vendor,
  total_capacity_gb: pool.totalGb,
  free_capacity_gb: pool.freeGb,
  allocated_capacity_gb: pool.promisedGb,
  provisioned_capacity_gb: pool.promisedGb,
  max_over_subscription_ratio: String(pool.thin ? overcommit : 1),
  reserved_percentage: pool.totalGb === 0 ? 0 : Math.round((100 * pool.reservedGb) / pool.totalGb),
  thin_provisioning_support: pool.thin,
  thick_provisioning_support: !pool.thin,
  multiattach: true,
  online_extend_support: pool.features.includes('online-extend'),
  QoS_support: false,
  backend_state: 'up',
});

export const listZones: Handler<Volumes> = async ({ config }) =>
  ok({ availabilityZoneInfo: [{ zoneName: config.zone, zoneState: { available: true } }] });

export const listStorageHosts: Handler<Volumes> = async (service) => {
  const storage = (await listHosts(service.db)).map((host) => ({
    host_name: `${host.name}@${driverOf(host)}`,
    service: 'cinder-volume',
    zone: service.config.zone,
    'service-status': isUp(service, host) ? 'available' : 'unavailable',
    'service-state': host.enabled ? 'enabled' : 'disabled',
    'last-update': longTime(host.reportedAt),
  }));
  const scheduler = {
    host_name: service.cloud.host || hostname(),
    service: 'cinder-scheduler',
    zone: service.config.zone,
    'service-status': 'available',
    'service-state': 'enabled',
    'last-update': longTime(Date.now()),
  };
  return ok({ hosts: [scheduler, ...storage] });
};

async function getHostByName({ db }: Volumes, name: string): Promise<Host> {
  const host = (await listHosts(db)).find((each) => name === each.name || name === `${each.name}@${driverOf(each)}`);
  if (!host) throw notFound('Host', name);
  return host;
}

/** Number and size of volumes and snapshots on a host, per project. */
export const showStorageHost: Handler<Volumes, unknown, 'id'> = async (service, { params }) => {
  const { id } = params;
  const { name } = await getHostByName(service, id);
  const [volumes, snapshots] = await Promise.all([
    usageOnHost(service.db, 'volumes', name),
    usageOnHost(service.db, 'snapshots', name),
  ]);
  const resource = (project: string, isIts: (usage: HostUsage) => boolean) => {
    const [own, ownSnapshots] = [total(volumes.filter(isIts)), total(snapshots.filter(isIts))];
    return {
      resource: {
        host: id,
        project,
        volume_count: String(own.count),
        total_volume_gb: String(own.gigabytes),
        snapshot_count: String(ownSnapshots.count),
        total_snapshot_gb: String(ownSnapshots.gigabytes),
      },
    };
  };
  const each = volumes.map((usage) => resource(usage.projectId, ({ projectId }) => projectId === usage.projectId));
  return ok({ host: [resource('(total)', () => true), ...each] });
};

const total = (usages: readonly HostUsage[]) => ({
  count: usages.reduce((sum, { count }) => sum + count, 0),
  gigabytes: usages.reduce((sum, { gigabytes }) => sum + gigabytes, 0),
});

export const showCapabilities: Handler<Volumes, unknown, 'id'> = async (service, { params }) => {
  const host = await getHostByName(service, params.id.split('#')[0] ?? '');
  const driver = driverOf(host);
  const pool = (await listPools(service)).find((each) => each.host === host.name);
  return ok({
    namespace: `OS::Storage::Capabilities::${host.name}@${driver}`,
    vendor_name: vendor,
    volume_backend_name: driver,
    pool_name: pool?.name ?? null,
    driver_version: '1.0',
    storage_protocol: pool ? protocolOf(pool) : null,
    display_name: null,
    description: null,
    visibility: null,
    replication_targets: [],
    properties: {},
  });
};
