import { type Part, partTable } from '../server-parts/store.ts';

/** The properties of a port that its server needs, copied so that the network service need not be called. */
export interface PortCopy {
  readonly mac: string;
  readonly mtu: number;
  /** The bridge of the network agent; null for user-mode networking. */
  readonly bridge: string | null;
  readonly tap: string;
  /** The name of its network. */
  readonly label: string;
  readonly state: string;
  readonly fixedIps: readonly { readonly address: string; readonly subnetId: string }[];
  readonly floating: readonly { readonly fixed: string; readonly address: string }[];
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly subnets: readonly SubnetCopy[];
}

/** For the guest's network_data.json. */
export interface SubnetCopy {
  readonly id: string;
  readonly cidr: string;
  readonly version: 4 | 6;
  readonly gateway: string | null;
  readonly dhcp: boolean;
  readonly dns: readonly string[];
  readonly routes: readonly { readonly destination: string; readonly nexthop: string }[];
}

/** A NIC of a server: a port, or the request for one. Its `place` is also in the port's binding:profile. */
export interface Interface extends Part {
  readonly networkId: string;
  /** Null before the port is created. */
  readonly portId: string | null;
  /** The port was created for this server and is removed with it. */
  readonly ownPort: boolean;
  /** The requested address. */
  readonly fixedIp: string | null;
  readonly tag: string | null;
  readonly port: PortCopy | null;
  readonly createdAt: number;
}

export const interfaceTable = partTable<Interface>('interfaces', 'port');
