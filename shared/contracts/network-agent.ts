/** What the network service can ask of a host. Each verb is idempotent, and each spec is the complete desired state of one object. */
import type { Contract } from '#shared/hosts/contract.ts';

/** How the frames of a network travel between hosts. */
export interface Segment {
  readonly networkId: string;
  readonly type: 'vxlan' | 'flat' | 'local';
  /** The VXLAN network identifier. */
  readonly id: number;
  /** The physical network of a flat network: `public`. */
  readonly physical: string | null;
  readonly bridge: string;
  readonly mtu: number;
  /** Addresses of the other hosts that have this network; frames to unknown MACs are flooded to them. */
  readonly peers: readonly string[];
}

export interface FixedIp {
  readonly address: string;
  readonly subnetId: string;
}

/** One rule of a security group. Members of its remote group are in the GroupSpec of that group. */
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

/** A port on this host, with the traffic that its tap may carry. Applied before the tap exists. */
export interface PortSpec {
  readonly id: string;
  readonly segment: Segment;
  readonly tap: string;
  readonly mac: string;
  readonly fixedIps: readonly FixedIp[];
  readonly allowedPairs: readonly { readonly address: string; readonly mac: string }[];
  /** False: port security is off, so no anti-spoofing and no security groups. */
  readonly guarded: boolean;
  readonly adminUp: boolean;
  readonly groupIds: readonly string[];
  /** All its groups are stateless: each packet needs a rule, replies too. */
  readonly stateless?: boolean;
  readonly qos?: PortQos;
}

/** Limits and the mark of what a guest sends (`egress`) and gets (`ingress`). */
export interface PortQos {
  /** Rates in kilobits per second, bursts in kilobits; a burst of 0 is eight tenths of a second of the rate. */
  readonly limits: readonly {
    readonly direction: 'egress' | 'ingress';
    readonly kbps: number;
    readonly burstKb: number;
  }[];
  readonly dscp: number | null;
}

/** A security group: its rules, and the addresses of its members. */
export interface GroupSpec {
  readonly id: string;
  readonly rules: readonly FirewallRule[];
  readonly members: readonly string[];
}

/** DHCP, DNS and metadata of one network, in a namespace of its own. */
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
    /** The next hop on the external network. */
    readonly via: string | null;
    readonly snat: boolean;
  } | null;
  readonly floatingIps: readonly { readonly id: string; readonly floating: string; readonly fixed: string }[];
  readonly routes: readonly { readonly destination: string; readonly nexthop: string }[];
  /** Ports of floating IPs that lead inside. */
  readonly forwardings?: readonly Forwarding[];
}

/** Ports of an address outside that lead to as many inside, or all to one. */
export interface Forwarding {
  readonly floatingIpId: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'dccp';
  readonly floating: string;
  readonly fixed: string;
  /** First and last. */
  readonly outside: readonly [number, number];
  readonly inside: readonly [number, number];
}

/** The gateway host's own part in an external flat network. */
export interface ExternalSpec {
  /** `<network>/external` */
  readonly id: string;
  readonly segment: Segment;
  /** The host's own address there, with prefix length: 172.24.4.1/24; null when the gateway is a physical router. */
  readonly hostAddress: string | null;
  /** Masquerade traffic that leaves through the host. */
  readonly masquerade: boolean;
}

/** The result of applying a spec. */
export interface Applied {
  /**
   * The fields that were left out, such as `rules[3]`, because they are malformed or the kernel refused them. Traffic that
   * they would allow stays blocked; the rest of the spec is applied.
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

/** The state of a host, sent each time its agent asks for work. */
export interface NetworkReport {
  readonly hostId: string;
  readonly hostname: string;
  /** The address to which other hosts send VXLAN frames for this one. */
  readonly tunnelAddress: string;
  readonly driver: 'linux' | 'user' | 'fake';
  /** Features of this kernel: vxlan, nft-bridge, br_netfilter, vlan … */
  readonly features: readonly string[];
  /** `nova` when absent, as in reports of earlier agents. */
  readonly availabilityZone?: string;
  /** Its share of routers, 0 for none; 1 when absent. */
  readonly gatewayWeight?: number;
  /** The physical networks of which it has a NIC. */
  readonly physicalNetworks?: readonly string[];
  /** Why it cannot do its work; absent or empty when it can. */
  readonly unfit?: readonly string[];
  /** Ids of the specs that this host has. The service removes those that it does not know. */
  readonly standing: readonly string[];
}

/** The metadata listener asks the network service which server has this address, and passes the request on to compute. */
export const addressOwner = 'network.whose-address';
export interface AddressOwner {
  request: { networkId: string; address: string };
  reply: { serverId: string; projectId: string; portId: string } | null;
}

/**
 * Compute returns a server's metadata for a path below 169.254.169.254, if the server has that port and is in that project.
 * It checks both because the owner of a port can set its device_id to any id.
 */
export const metadataOf = 'compute.metadata';
export interface MetadataOf {
  request: {
    serverId: string;
    projectId: string;
    portId: string;
    path: string;
    address: string;
    /** The body of a POST. */
    posted?: string;
  };
  /** `base64` when the body, such as user data, is not text. */
  reply: { status: number; type: string; body: string; base64?: true };
}
