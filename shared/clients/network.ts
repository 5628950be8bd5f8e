/** The client of the Network API (Neutron). Methods act as the user of `token`, without one as the service's own user. */
import { ttlCache } from '#shared/clock/ttl-cache.ts';
import { ensureDeleted, type Query, queryOf } from './request.ts';
import type { Input, Session } from './session.ts';

export interface NetworkJson {
  readonly id: string;
  readonly name: string;
  readonly project_id?: string;
  readonly tenant_id?: string;
  readonly subnets: readonly string[];
  readonly shared?: boolean;
  readonly mtu?: number;
  readonly 'router:external'?: boolean;
  readonly port_security_enabled?: boolean;
}
export interface SubnetJson {
  readonly id: string;
  readonly cidr: string;
  readonly ip_version: 4 | 6;
  readonly gateway_ip: string | null;
  readonly enable_dhcp: boolean;
  readonly dns_nameservers: readonly string[];
  readonly host_routes: readonly { readonly destination: string; readonly nexthop: string }[];
}
export interface PortJson {
  readonly id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly status: string;
  readonly device_id: string;
  readonly device_owner: string;
  readonly project_id?: string;
  readonly tenant_id?: string;
  readonly fixed_ips: readonly { readonly ip_address: string; readonly subnet_id: string }[];
  readonly security_groups?: readonly string[];
  readonly 'binding:host_id'?: string;
  readonly 'binding:vif_type'?: string;
  readonly 'binding:vif_details'?: Readonly<Record<string, unknown>>;
  readonly 'binding:profile'?: Readonly<Record<string, unknown>>;
}
export interface GroupJson {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly project_id?: string;
  readonly tenant_id?: string;
  readonly security_group_rules?: readonly {
    readonly id: string;
    readonly security_group_id: string;
    readonly direction: string;
    readonly protocol: string | null;
    readonly port_range_min: number | null;
    readonly port_range_max: number | null;
    readonly remote_ip_prefix: string | null;
    readonly remote_group_id: string | null;
  }[];
}
export interface FloatingJson {
  readonly floating_ip_address: string;
  readonly fixed_ip_address: string | null;
  readonly port_id: string | null;
}

export interface BindingJson {
  readonly host: string;
  readonly status: string;
}

export interface NetworkClient {
  listNetworks(query: Query, token?: string): Promise<readonly NetworkJson[]>;
  listSubnets(query: Query, token?: string): Promise<readonly SubnetJson[]>;
  listPorts(query: Query, token?: string): Promise<readonly PortJson[]>;
  listGroups(query: Query, token?: string): Promise<readonly GroupJson[]>;
  listFloatingIps(query: Query, token?: string): Promise<readonly FloatingJson[]>;
  showNetwork(id: string, token?: string): Promise<NetworkJson>;
  showPort(id: string, token?: string): Promise<PortJson>;
  createPort(port: Readonly<Record<string, unknown>>): Promise<PortJson>;
  updatePort(id: string, change: Readonly<Record<string, unknown>>, token?: string): Promise<PortJson>;
  /** Passes a request of a user on, for old APIs of other services. */
  forward<T>(path: string, input: Input & { readonly token: string }): Promise<T>;
  listBindings(portId: string): Promise<readonly BindingJson[]>;
  /** A further one, which is not active. */
  createBinding(portId: string, binding: { readonly host: string; readonly profile: object }): Promise<void>;
  activateBinding(portId: string, host: string): Promise<void>;
  /** Does nothing when there is none. */
  removeBinding(portId: string, host: string): Promise<void>;
  /** Does nothing when the port does not exist. */
  removePort(id: string): Promise<void>;
}

/** What the service's own user reads by id is cached this long: parallel builds share the requests. */
const cacheMs = 5_000;

export function networkClient(session: Session): NetworkClient {
  const cache = ttlCache({ ms: cacheMs });
  const ask = <T>(path: string, input: Input = {}): Promise<T> => session.json<T>('network', `/v2.0/${path}`, input);
  const list =
    <T>(path: string, name = path) =>
    async (query: Query, token?: string): Promise<readonly T[]> =>
      (await ask<Record<string, readonly T[]>>(path + queryOf(query), { token }))[name] ?? [];
  const cached = <T>(key: 'id' | 'network_id', path: string, name = path) => {
    const read = list<T>(path, name);
    return (query: Query, token?: string) =>
      token === undefined && query[key] !== undefined
        ? cache.get(path + queryOf(query), () => read(query))
        : read(query, token);
  };
  const showNetwork = async (id: string, token?: string) =>
    (await ask<{ network: NetworkJson }>(`networks/${encodeURIComponent(id)}`, { token })).network;
  const port = async (path: string, input: Input) => (await ask<{ port: PortJson }>(path, input)).port;
  return {
    listNetworks: list('networks'),
    listSubnets: cached('network_id', 'subnets'),
    listPorts: list('ports'),
    listGroups: cached('id', 'security-groups', 'security_groups'),
    listFloatingIps: list('floatingips'),
    showNetwork: (id, token) =>
      token === undefined ? cache.get(`network ${id}`, () => showNetwork(id)) : showNetwork(id, token),
    showPort: (id, token) => port(`ports/${encodeURIComponent(id)}`, { token }),
    createPort: (body) => port('ports', { method: 'POST', body: { port: body } }),
    updatePort: (id, body, token) => port(`ports/${id}`, { method: 'PUT', body: { port: body }, token }),
    forward: ask,
    listBindings: async (id) => (await ask<{ bindings: readonly BindingJson[] }>(`ports/${id}/bindings`)).bindings,
    createBinding: async (id, binding) => {
      await ask(`ports/${id}/bindings`, { method: 'POST', body: { binding } });
    },
    activateBinding: async (id, host) => {
      await ask(`ports/${id}/bindings/${encodeURIComponent(host)}/activate`, { method: 'PUT' });
    },
    removeBinding: (id, host) =>
      ensureDeleted(ask(`ports/${id}/bindings/${encodeURIComponent(host)}`, { method: 'DELETE' })),
    removePort: (id) => ensureDeleted(ask(`ports/${id}`, { method: 'DELETE' })),
  };
}
