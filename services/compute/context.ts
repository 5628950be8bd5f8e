import type { Knex } from 'knex';
import type { Bus } from '#shared/bus/bus.ts';
import type { ImageClient } from '#shared/clients/image.ts';
import type { NetworkClient } from '#shared/clients/network.ts';
import type { PlacementClient } from '#shared/clients/placement.ts';
import type { VolumeClient } from '#shared/clients/volume.ts';
import type { ComputeAgent } from '#shared/contracts/compute-agent.ts';
import type { Hosts } from '#shared/hosts/hosts.ts';
import type { Presence } from '#shared/hosts/presence.ts';
import type { Log } from '#shared/log/log.ts';
import type { Seal } from '#shared/seal/seal.ts';
import type { Config } from './config.ts';
import type { Fencing } from './drivers/fencing/fencing.ts';

/** The dependencies of this service's functions. */
export interface Compute {
  readonly db: Knex;
  readonly bus: Bus;
  readonly log: Log;
  readonly config: Config;
  /** Encrypts secrets that are stored in rows. */
  readonly seal: Seal;
  /** Hosts, for short work. */
  readonly hosts: Hosts<ComputeAgent>;
  /** Hosts with a long timeout, for work that copies whole disks: a first boot, a snapshot. */
  readonly copiers: Hosts<ComputeAgent>;
  /** How a lost host is stopped before its servers start elsewhere. */
  readonly fencing: Fencing;
  /** Which services are up, by `keyOf` of hosts/operations. */
  readonly presence: Presence;
  readonly images: Omit<ImageClient, 'download' | 'upload'>;
  readonly network: NetworkClient;
  readonly volumes: VolumeClient;
  readonly placement: PlacementClient;
  readonly cloud: {
    /** Four letters or digits in the names of everything of this cloud on a host. */
    readonly id: string;
    /** http://10.0.0.1:6080/vnc_lite.html */
    readonly consoleUrl: string;
  };
}

/** Notification: a task is waiting. */
export const tasksWait = 'compute.tasks';
/** Notification: a port of the server changed. */
export const portChanged = (serverId: string): string => `compute.port-changed.${serverId}`;
/** Notification: a task has ended, or has reserved its volume. */
export const taskAdvanced = 'compute.task-advanced';
/** Notification: a running task was cancelled. */
export const taskCancelled = 'compute.cancelled';
/** Notification: a host is new, or its size changed. */
export const hostReported = 'compute.host-reported';
