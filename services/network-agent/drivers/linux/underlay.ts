import type { Names } from './names.ts';

/** What the networks of guests run over: the tunnel's end and the NICs of this host. */
export interface Underlay {
  readonly names: Names;
  readonly tunnelAddress: string;
  readonly vxlanPort: number;
  /** The NIC of each physical network. */
  readonly wires: ReadonlyMap<string, string>;
}
