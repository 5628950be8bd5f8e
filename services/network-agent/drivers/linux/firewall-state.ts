/** What the packet filter of one cloud on one host is made from. */
import type { GroupSpec, PortSpec } from '#shared/contracts/network-agent.ts';
import type { HostEndpoint } from './host-endpoints.ts';
import type { Names } from './names.ts';

/** A port with its number in packet marks, 1 to 65535. */
export interface NumberedPort {
  readonly number: number;
  readonly spec: PortSpec;
}

export interface HostBridge {
  readonly bridge: string;
  /** The conntrack zone of this network; null where the host has an address. */
  readonly zone: number | null;
}

export interface FirewallState {
  readonly names: Names;
  readonly ports: readonly NumberedPort[];
  readonly groups: readonly GroupSpec[];
  /** Connection mark of this version of the rules: 32 random bits. */
  readonly generation: number;
  readonly bridges: readonly HostBridge[];
  /** Bridges whose guests leave through this host under its own address. */
  readonly masqueraded: readonly string[];
  /** Ranges and addresses of the cloud's hosts, to which guests have no route through this host. */
  readonly machines: readonly string[];
  /** Ports that guests and routers may reach there and on this host. */
  readonly hostEndpoints: readonly HostEndpoint[];
  /** The hosts that may send VXLAN frames here, and the port. */
  readonly tunnels: { readonly port: number; readonly peers: readonly string[] };
}
