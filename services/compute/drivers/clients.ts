/** What compute needs of the other services: narrow interfaces, which tests implement in memory. */
import type { Image } from '#shared/clients/image.ts';

export type { Image } from '#shared/clients/image.ts';

export interface ImageClient {
  /** With the caller's token, else with the service's own. 404 when the image is not visible to it. */
  show(id: string, token?: string): Promise<Image>;
  /** The images that are visible to the token. */
  list(query: Readonly<Record<string, string>>, token: string): Promise<readonly Image[]>;
  create(image: Readonly<Record<string, unknown>>, token?: string): Promise<Image>;
  /** Content when it is not there. */
  remove(id: string): Promise<void>;
  /** For the user of the token. Throws as the image service refuses. */
  removeAs(id: string, token: string): Promise<void>;
}

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

type Query = Readonly<Record<string, string | readonly string[]>>;

export interface NetworkClient {
  listNetworks(query: Query, token?: string): Promise<readonly NetworkJson[]>;
  listSubnets(query: Query, token?: string): Promise<readonly SubnetJson[]>;
  listPorts(query: Query, token?: string): Promise<readonly PortJson[]>;
  listGroups(query: Query, token?: string): Promise<readonly GroupJson[]>;
  listFloatingIps(query: Query, token?: string): Promise<readonly FloatingJson[]>;
  showNetwork(id: string, token?: string): Promise<NetworkJson>;
  showPort(id: string, token?: string): Promise<PortJson>;
  createPort(port: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<PortJson>;
  updatePort(id: string, change: Readonly<Record<string, unknown>>, token?: string): Promise<PortJson>;
  /** Content when it is not there. */
  removePort(id: string): Promise<void>;
}

export interface VolumeJson {
  readonly id: string;
  readonly name: string | null;
  readonly size: number;
  readonly status: string;
  readonly bootable: string;
  readonly multiattach?: boolean;
  readonly attachments?: readonly { readonly server_id: string; readonly attachment_id?: string }[];
  readonly volume_image_metadata?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
}
export interface VolumeTypeJson {
  readonly id: string;
  readonly name: string;
}
export interface SnapshotJson {
  readonly id: string;
  readonly volume_id: string;
  readonly size: number;
  readonly status: string;
}
export interface AttachmentJson {
  readonly id: string;
  readonly status?: string;
  readonly instance: string;
  readonly volume_id: string;
  readonly connection_info?: Readonly<Record<string, unknown>>;
}

/** Methods without a token use the service's own. */
export interface VolumeClient {
  show(id: string, token?: string): Promise<VolumeJson>;
  showSnapshot(id: string, token?: string): Promise<SnapshotJson>;
  /** Public types, and those that the token's project has access to. */
  listTypes(token: string): Promise<readonly VolumeTypeJson[]>;
  /** Creates a volume in that project. */
  create(projectId: string, volume: Readonly<Record<string, unknown>>): Promise<VolumeJson>;
  /** Finds a volume by its metadata. */
  findVolumeByMetadata(projectId: string, mark: Readonly<Record<string, string>>): Promise<VolumeJson | undefined>;
  remove(id: string): Promise<void>;
  listAttachments(query: { readonly instance: string; readonly volume?: string }): Promise<readonly AttachmentJson[]>;
  createAttachment(input: Readonly<Record<string, unknown>>): Promise<AttachmentJson>;
  /** Returns the connection info for that host. */
  connectAttachment(id: string, connector: Readonly<Record<string, unknown>>): Promise<AttachmentJson>;
  completeAttachment(id: string): Promise<void>;
  /** Content when it is not there. */
  removeAttachment(id: string): Promise<void>;
}

export interface Inventory {
  readonly total: number;
  readonly reserved: number;
  readonly min_unit: number;
  readonly max_unit: number;
  readonly step_size: number;
  readonly allocation_ratio: number;
}

export interface PlacementClient {
  /** The providers with capacity for all resources: id to capacity and usage. */
  candidates(
    resources: Readonly<Record<string, number>>,
  ): Promise<ReadonlyMap<string, Readonly<Record<string, { readonly capacity: number; readonly used: number }>>>>;
  /** Capacity and usage of a provider; undefined when it does not exist. */
  usageOfProvider(
    providerId: string,
  ): Promise<Readonly<Record<string, { readonly capacity: number; readonly used: number }>> | undefined>;
  /** False when the capacity was taken meanwhile. */
  allocate(claim: {
    readonly consumerId: string;
    readonly providerId: string;
    readonly resources: Readonly<Record<string, number>>;
    readonly projectId: string;
    readonly userId: string;
  }): Promise<boolean>;
  deallocate(consumerId: string): Promise<void>;
  /** Creates the provider if it is missing, and sets its inventory. */
  ensureProvider(id: string, name: string, inventory: Readonly<Record<string, Inventory>>): Promise<void>;
  removeProvider(id: string): Promise<void>;
}
