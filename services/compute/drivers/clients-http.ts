/** Clients of the other services' public APIs. */
import { imageClient } from '#shared/clients/image.ts';
import type { Session } from '#shared/clients/session.ts';
import { Fault } from '#shared/errors/fault.ts';
import type {
  AttachmentJson,
  FloatingJson,
  GroupJson,
  Image,
  ImageClient,
  NetworkClient,
  NetworkJson,
  PlacementClient,
  PortJson,
  SnapshotJson,
  SubnetJson,
  VolumeClient,
  VolumeJson,
  VolumeTypeJson,
} from './clients.ts';

type Query = Readonly<Record<string, string | readonly string[]>>;

const queryOf = (query: Query): string => {
  const pairs = Object.entries(query).flatMap(([key, value]) => [value].flat().map((each) => [key, each] as const));
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([key, each]) => [key, String(each)]))}`;
};
const withToken = (token: string | undefined) => (token === undefined ? {} : { token });

/** Resolves when the resource does not exist. */
async function ignoreMissing(removing: Promise<unknown>): Promise<void> {
  await removing.catch((error: unknown) => {
    if (!(error instanceof Fault) || error.status !== 404) throw error;
  });
}

export const imageClientOver = (session: Session): ImageClient => ({
  ...imageClient(session),
  removeAs: (id, token) => session.json('image', `/v2/images/${id}`, { method: 'DELETE', token }),
  list: async (query, token) =>
    (await session.json<{ images: Image[] }>('image', `/v2/images${queryOf(query)}`, withToken(token))).images,
});

/** Parallel builds share these requests; names and subnets may be out of date by this time. */
const cacheMs = 5_000;

function cached<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, { readonly until: number; readonly value: Promise<T> }>();
  return (key) => {
    const now = Date.now();
    const before = known.get(key);
    if (before && before.until > now) return before.value;
    if (known.size > 1_000) known.clear();
    const value = ask(key);
    known.set(key, { until: now + cacheMs, value });
    value.catch(() => known.delete(key));
    return value;
  };
}

export function networkClient(session: Session): NetworkClient {
  const list = async <T>(kind: string, query: Query, token?: string): Promise<readonly T[]> => {
    const path = `/v2.0/${kind.replaceAll('_', '-').replace('floating-ips', 'floatingips')}${queryOf(query)}`;
    const answer = await session.json<Record<string, readonly T[]>>('network', path, withToken(token));
    return answer[kind.replace('floating_ips', 'floatingips')] ?? [];
  };
  const port = async (method: 'POST' | 'PUT', path: string, body: object, more: object = {}): Promise<PortJson> =>
    (await session.json<{ port: PortJson }>('network', path, { method, body: { port: body }, ...more })).port;
  const networkOf = cached(
    async (id) => (await session.json<{ network: NetworkJson }>('network', `/v2.0/networks/${id}`)).network,
  );
  const subnetsOf = cached((networkId) => list<SubnetJson>('subnets', { network_id: networkId }));
  const groupsOf = cached((ids) => list<GroupJson>('security_groups', { id: ids.split(',') }));
  return {
    listNetworks: (query, token) => list('networks', query, token),
    listSubnets: (query, token) =>
      token === undefined && typeof query.network_id === 'string' && Object.keys(query).length === 1
        ? subnetsOf(query.network_id)
        : list('subnets', query, token),
    listPorts: (query, token) => list('ports', query, token),
    listGroups: (query, token) =>
      token === undefined && Array.isArray(query.id)
        ? groupsOf(query.id.join(','))
        : list('security_groups', query, token),
    listFloatingIps: (query, token) => list<FloatingJson>('floating_ips', query, token),
    showNetwork: async (id, token) =>
      token === undefined
        ? networkOf(id)
        : (
            await session.json<{ network: NetworkJson }>(
              'network',
              `/v2.0/networks/${encodeURIComponent(id)}`,
              withToken(token),
            )
          ).network,
    showPort: async (id, token) =>
      (await session.json<{ port: PortJson }>('network', `/v2.0/ports/${encodeURIComponent(id)}`, withToken(token)))
        .port,
    createPort: (body, signal) => port('POST', '/v2.0/ports', body, signal ? { signal } : {}),
    updatePort: (id, body, token) => port('PUT', `/v2.0/ports/${id}`, body, withToken(token)),
    removePort: (id) => ignoreMissing(session.json('network', `/v2.0/ports/${id}`, { method: 'DELETE' })),
  };
}

const volumeVersion = { 'openstack-api-version': 'volume 3.54' };

export function volumeClient(session: Session): VolumeClient {
  const ask = <T>(path: string, input: Parameters<Session['json']>[2] = {}): Promise<T> =>
    session.json<T>('volumev3', path, { ...input, headers: volumeVersion });
  const listAttachments: VolumeClient['listAttachments'] = async ({ instance, volume }) => {
    const query = { all_tenants: '1', instance_id: instance, ...(volume === undefined ? {} : { volume_id: volume }) };
    const { attachments } = await ask<{ attachments: AttachmentJson[] }>(`/attachments/detail${queryOf(query)}`);
    return attachments.filter(
      (each) => each.instance === instance && (volume === undefined || each.volume_id === volume),
    );
  };
  return {
    show: async (id, token) =>
      (await ask<{ volume: VolumeJson }>(`/volumes/${encodeURIComponent(id)}`, withToken(token))).volume,
    showSnapshot: async (id, token) =>
      (await ask<{ snapshot: SnapshotJson }>(`/snapshots/${encodeURIComponent(id)}`, withToken(token))).snapshot,
    listTypes: async (token) =>
      (await ask<{ volume_types: VolumeTypeJson[] }>('/types?is_public=None', withToken(token))).volume_types,
    create: async (projectId, volume) =>
      (await ask<{ volume: VolumeJson }>(`/${projectId}/volumes`, { method: 'POST', body: { volume } })).volume,
    findVolumeByMetadata: async (projectId, mark) => {
      const metadata = JSON.stringify(mark);
      const query = queryOf({ all_tenants: '1', project_id: projectId, metadata });
      const { volumes } = await ask<{ volumes: (VolumeJson & { metadata?: Record<string, string> })[] }>(
        `/volumes/detail${query}`,
      );
      return volumes.find(({ metadata: has = {} }) => Object.entries(mark).every(([key, value]) => has[key] === value));
    },
    remove: (id) => ignoreMissing(ask(`/volumes/${id}`, { method: 'DELETE' })),
    listAttachments,
    createAttachment: async (attachment) =>
      (await ask<{ attachment: AttachmentJson }>('/attachments', { method: 'POST', body: { attachment } })).attachment,
    connectAttachment: async (id, connector) =>
      (
        await ask<{ attachment: AttachmentJson }>(`/attachments/${id}`, {
          method: 'PUT',
          body: { attachment: { connector } },
        })
      ).attachment,
    completeAttachment: async (id) => {
      await ask(`/attachments/${id}/action`, { method: 'POST', body: { 'os-complete': {} } });
    },
    removeAttachment: (id) => ignoreMissing(ask(`/attachments/${id}`, { method: 'DELETE' })),
  };
}

const placementVersion = { 'openstack-api-version': 'placement 1.36' };

interface Summaries {
  readonly provider_summaries: Readonly<
    Record<
      string,
      { readonly resources: Readonly<Record<string, { readonly capacity: number; readonly used: number }>> }
    >
  >;
  readonly allocation_requests: readonly { readonly allocations: Readonly<Record<string, unknown>> }[];
}
interface Inventories {
  readonly inventories: Readonly<
    Record<string, { readonly total: number; readonly reserved: number; readonly allocation_ratio: number }>
  >;
  readonly resource_provider_generation: number;
}

export function placementClient(session: Session): PlacementClient {
  const ask = <T>(path: string, input: Parameters<Session['json']>[2] = {}): Promise<T> =>
    session.json<T>('placement', path, { ...input, headers: placementVersion });
  const undefinedIfMissing = async <T>(looking: Promise<T>): Promise<T | undefined> =>
    looking.catch((error: unknown) => {
      if (error instanceof Fault && error.status === 404) return undefined;
      throw error;
    });
  return {
    candidates: async (resources) => {
      const wanted = Object.entries(resources)
        .map(([name, amount]) => `${name}:${amount}`)
        .join(',');
      const found = await ask<Summaries>(`/allocation_candidates${queryOf({ resources: wanted, limit: '1000' })}`);
      const offered = new Set(found.allocation_requests.flatMap(({ allocations }) => Object.keys(allocations)));
      return new Map(
        Object.entries(found.provider_summaries)
          .filter(([id]) => offered.has(id))
          .map(([id, { resources: rooms }]) => [id, rooms]),
      );
    },
    usageOfProvider: async (id) => {
      const has = await undefinedIfMissing(ask<Inventories>(`/resource_providers/${id}/inventories`));
      if (!has) return undefined;
      const { usages } = await ask<{ usages: Record<string, number> }>(`/resource_providers/${id}/usages`);
      return Object.fromEntries(
        Object.entries(has.inventories).map(([name, { total, reserved, allocation_ratio: ratio }]) => [
          name,
          { capacity: Math.floor((total - reserved) * ratio), used: usages[name] ?? 0 },
        ]),
      );
    },
    allocate: (claim) => allocate(ask, claim),
    deallocate: (id) => ignoreMissing(ask(`/allocations/${id}`, { method: 'DELETE' })),
    ensureProvider: async (id, name, inventories) => {
      const provider = `/resource_providers/${id}`;
      if (!(await undefinedIfMissing(ask(provider))))
        await ask('/resource_providers', { method: 'POST', body: { uuid: id, name } });
      const before = await ask<Inventories>(`${provider}/inventories`);
      const body = { resource_provider_generation: before.resource_provider_generation, inventories };
      await ask(`${provider}/inventories`, { method: 'PUT', body });
    },
    removeProvider: (id) => ignoreMissing(ask(`/resource_providers/${id}`, { method: 'DELETE' })),
  };
}

type Ask = <T>(path: string, input?: Parameters<Session['json']>[2]) => Promise<T>;

/**
 * The first attempt is for a new consumer (no generation). If an earlier attempt of the same step has allocated already,
 * the second one reads the generation and replaces the allocation.
 */
async function allocate(ask: Ask, claim: Parameters<PlacementClient['allocate']>[0]): Promise<boolean> {
  const { consumerId, providerId, resources, projectId, userId } = claim;
  const put = (generation: number | null) =>
    ask(`/allocations/${consumerId}`, {
      method: 'PUT',
      body: {
        allocations: { [providerId]: { resources } },
        project_id: projectId,
        user_id: userId,
        consumer_generation: generation,
      },
    });
  for (let tries = 0; ; tries += 1) {
    const before =
      tries === 0
        ? { consumer_generation: null }
        : await ask<{ consumer_generation?: number }>(`/allocations/${consumerId}`);
    try {
      await put(before.consumer_generation ?? null);
      return true;
    } catch (error) {
      if (!(error instanceof Fault) || error.status !== 409) throw error;
      const isRace = error.type === 'placement.concurrent_update' || /concurrent|generation/i.test(error.message);
      if ((!isRace && tries > 0) || tries === 4) return false;
    }
  }
}
