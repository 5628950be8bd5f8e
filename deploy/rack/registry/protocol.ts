/** What nodes and the registry say to each other, as JSON over HTTPS. */
import type { NodeRoleName } from '../node-roles.ts';

/** By section, then by name, as in wattle.yaml. */
export type SettingsDocument = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface Disk {
  readonly path: string;
  readonly totalGb: number;
  readonly freeGb: number;
}

/** What a node reports of itself. */
export interface NodeReport {
  readonly version: string;
  /** Unique to a boot of a machine: a value that was replaced never comes back, unless two hosts share an identity. */
  readonly bootId: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly disks: readonly Disk[];
  /** Partitions of the ring that have data here. */
  readonly partitions: number;
  /** Digests of the secrets that the node has, by name. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** What a node is, as the operator chose it. */
export interface NodeSpec {
  readonly name: string;
  readonly hostId: string;
  readonly roles: readonly NodeRoleName[];
  readonly address: string;
  readonly storageAddress: string;
  readonly tunnelAddress: string;
  /** The NIC to the external network; '' when it has none. */
  readonly externalNic: string;
  /** Names of the devices of the ring on this node. */
  readonly devices: readonly string[];
}

/** `GET /v1/cloud`: known to anyone who can connect. */
export interface CloudAnswer {
  readonly cloudId: string;
  readonly version: string;
  readonly authority: string;
}

/** `POST /v1/join` */
export interface JoinRequest {
  readonly token: { readonly id: string; readonly secret: string };
  readonly node: NodeSpec;
  /** The node that this one takes the place of. */
  readonly replaces: string;
  /** PEM. */
  readonly certificateRequest: string;
  readonly report: NodeReport;
}

export interface JoinAnswer {
  readonly cloudId: string;
  readonly node: NodeSpec;
  readonly certificate: string;
  readonly settings: SettingsDocument;
  readonly secrets: Readonly<Record<string, string>>;
}

/** `POST /v1/check-in`, with the certificate of the node. */
export interface CheckInRequest {
  readonly cloudId: string;
  readonly hostId: string;
  readonly report: NodeReport;
}

export interface CheckInAnswer {
  readonly settings: SettingsDocument;
}

/** `POST /v1/renew`, with the certificate of the node: a new one for the same key. */
export interface RenewRequest {
  /** PEM. */
  readonly certificateRequest: string;
}

export interface RenewAnswer {
  readonly certificate: string;
}

export const registryPort = 8770;

/** A management node, in the setting `cloud.managementNodes`. */
export interface Peer {
  readonly name: string;
  readonly address: string;
}

export const formatPeer = ({ name, address }: Peer): string => `${name}=${address}`;

export function parsePeer(text: string): Peer {
  const [name = '', address = ''] = text.split('=');
  return { name, address };
}
