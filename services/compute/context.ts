import type { Knex } from 'knex';
import type { Bus } from '#shared/bus/bus.ts';
import type { ComputeAgent } from '#shared/contracts/compute-agent.ts';
import type { Hosts } from '#shared/hosts/hosts.ts';
import type { Log } from '#shared/log/log.ts';
import type { Seal } from '#shared/seal/seal.ts';
import type { Config } from './config.ts';
import type { ImageClient, NetworkClient, PlacementClient, VolumeClient } from './drivers/clients.ts';

/** Everything this service's functions may reach. */
export interface Compute {
  readonly db: Knex;
  readonly bus: Bus;
  readonly log: Log;
  readonly config: Config;
  /** Secrets that stand in rows are sealed by it. */
  readonly seal: Seal;
  /** Hosts, for what takes moments. */
  readonly hosts: Hosts<ComputeAgent>;
  /** The same, for what moves whole disks: a first boot, a snapshot. */
  readonly copiers: Hosts<ComputeAgent>;
  readonly images: ImageClient;
  readonly network: NetworkClient;
  readonly volumes: VolumeClient;
  readonly placement: PlacementClient;
  readonly cloud: {
    /** Four letters or digits that mark everything of this cloud on a host. */
    readonly id: string;
    /** http://10.0.0.1:6080/vnc_lite.html */
    readonly consoleUrl: string;
  };
}

/** Where the hint goes that a task waits. */
export const tasksWait = 'compute.tasks';
/** Where the hint goes that a port of a server changed. */
export const portChanged = (serverId: string): string => `compute.port-changed.${serverId}`;
/** Where the hint goes that a running task was cancelled. */
export const taskCancelled = 'compute.cancelled';
/** Where the hint goes that a host is new, or has another size. */
export const hostReported = 'compute.host-reported';
