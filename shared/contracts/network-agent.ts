/** What a host's network can be asked to be. Each spec is safe to ask twice, and states the whole of its thing. */
import type { Contract } from '#shared/hosts/contract.ts';

/** How the frames of a network travel between hosts. */
export interface Segment {
  readonly networkId: string;
  readonly type: 'vxlan' | 'flat' | 'local';
  /** The VXLAN network identifier; the number of the conntrack zone too. */
  readonly id: number;
  /** The label of a flat network's wire: `public`. */
  readonly physical: string | null;
  readonly bridge: string;
  readonly mtu: number;
  /** Addresses of the other hosts that have this network; frames for unknown places go to all of them. */
  readonly peers: readonly string[];
}

export interface FixedIp {
  readonly address: string;
  readonly subnetId: string;
}

/** One rule of a security group, with its remote group's members already looked up by set name. */
export interface FirewallRule {
  readonly direction: 'ingress' | 'egress';
  readonly family: 4 | 6;
  /** `tcp`, `udp`, `icmp`, a number, or null for any. */
  readonly protocol: string | null;
  readonly portMin: number | null;
  readonly portMax: number | null;
  readonly cidr: string | null;
  readonly remoteGroupId: string | null;
}

/** A port on this host: who may send and receive what through its tap. Made before the tap is there. */
export interface PortSpec {
  readonly id: string;
  readonly segment: Segment;
  readonly tap: string;
  readonly mac: string;
  readonly fixedIps: readonly FixedIp[];
  readonly allowedPairs: readonly { readonly address: string; readonly mac: string }[];
  /** False: no anti-spoofing and no groups. */
  readonly guarded: boolean;
  readonly adminUp: boolean;
  readonly groupIds: readonly string[];
}

/** A security group as hosts need it: rules, and the addresses of its members. */
export interface GroupSpec {
  readonly id: string;
  readonly rules: readonly FirewallRule[];
  readonly members: readonly string[];
}

/** Leases, names and metadata of one network, in a namespace of its own. */
export interface DhcpSpec {
  /** `<network>/dhcp` */
  readonly id: string;
  readonly segment: Segment;
  readonly port: { readonly id: string; readonly mac: string; readonly fixedIps: readonly FixedIp[] };
  readonly subnets: readonly {
    readonly id: string;
    readonly cidr: string;
    readonly gateway: string | null;
    readonly dns: readonly string[];
    readonly routes: readonly { readonly destination: string; readonly nexthop: string }[];
    readonly dhcp: boolean;
  }[];
  readonly leases: readonly {
    readonly portId: string;
    readonly mac: string;
    readonly address: string;
    readonly name: string;
  }[];
  readonly domain: string;
}

export interface RouterSpec {
  readonly id: string;
  readonly adminUp: boolean;
  readonly interfaces: readonly {
    readonly portId: string;
    readonly mac: string;
    readonly segment: Segment;
    /** With prefix length: 10.7.0.1/24. */
    readonly addresses: readonly string[];
  }[];
  readonly gateway: {
    readonly portId: string;
    readonly mac: string;
    readonly segment: Segment;
    readonly addresses: readonly string[];
    /** The next hop outside. */
    readonly via: string | null;
    readonly snat: boolean;
  } | null;
  readonly floatingIps: readonly { readonly id: string; readonly floating: string; readonly fixed: string }[];
  readonly routes: readonly { readonly destination: string; readonly nexthop: string }[];
}

/** The outside world of a flat network on the host that is its way out. */
export interface ExternalSpec {
  /** `<network>/external` */
  readonly id: string;
  readonly segment: Segment;
  /** The host's own address there, with prefix length: 172.24.4.1/24; null when a real router is on the wire. */
  readonly hostAddress: string | null;
  /** Masquerade what leaves through the host. */
  readonly masquerade: boolean;
}

/** What a host made true. */
export interface Applied {
  /**
   * The fields that were left out, as `rules[3]`, because they are not well formed or the kernel does not take them. What
   * they would have opened stays closed; everything else of the spec holds.
   */
  readonly refused: readonly string[];
}

type Gone = { readonly id: string };

export interface NetworkAgent {
  ensurePort(spec: PortSpec): Promise<Applied>;
  ensurePortGone(spec: Gone & { readonly tap: string }): Promise<void>;
  ensureGroup(spec: GroupSpec): Promise<Applied>;
  ensureGroupGone(spec: Gone): Promise<void>;
  ensureDhcp(spec: DhcpSpec): Promise<Applied>;
  ensureDhcpGone(spec: Gone): Promise<void>;
  ensureRouter(spec: RouterSpec): Promise<Applied>;
  ensureRouterGone(spec: Gone): Promise<void>;
  ensureExternal(spec: ExternalSpec): Promise<Applied>;
  ensureExternalGone(spec: Gone): Promise<void>;
}

export const networkAgent: Contract<NetworkAgent> = {
  service: 'network',
  verbs: [
    'ensurePort',
    'ensurePortGone',
    'ensureGroup',
    'ensureGroupGone',
    'ensureDhcp',
    'ensureDhcpGone',
    'ensureRouter',
    'ensureRouterGone',
    'ensureExternal',
    'ensureExternalGone',
  ],
};

/** What the agent says of its host with each look for work. */
export interface NetworkReport {
  readonly hostId: string;
  readonly hostname: string;
  /** Where other hosts send VXLAN frames for this one. */
  readonly tunnelAddress: string;
  readonly driver: 'linux' | 'user' | 'fake';
  /** What the kernel here accepts: vxlan, nft-bridge, br_netfilter, vlan … */
  readonly features: readonly string[];
  /** The specs that stand here, by id: what the service does not know of is taken away by it. */
  readonly standing: readonly string[];
}

/** The metadata door asks the network service whose address this is, and passes the request to compute. */
export const whoseAddress = 'network.whose-address';
export interface WhoseAddress {
  ask: { networkId: string; address: string };
  answer: { serverId: string; projectId: string; portId: string } | null;
}

/**
 * Compute answers what a server may know of itself: path below 169.254.169.254 to text. It believes who asks only where
 * the server has that port and belongs to that project: a port's device_id is the word of the port's owner.
 */
export const metadataOf = 'compute.metadata';
export interface MetadataOf {
  ask: { serverId: string; projectId: string; portId: string; path: string; address: string };
  /** What a guest reads need not be text: its user data may be anything. */
  answer: { status: number; type: string; body: string; base64?: true };
}
