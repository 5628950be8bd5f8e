import type { Knex } from 'knex';
import type { Bus } from '#shared/bus/bus.ts';
import type { ComputeClient } from '#shared/clients/compute.ts';
import type { ImageClient } from '#shared/clients/image.ts';
import type { Cloud } from '#shared/config/cloud.ts';
import type { VolumeAgent } from '#shared/contracts/volume-agent.ts';
import type { Hosts } from '#shared/hosts/hosts.ts';
import type { Presence } from '#shared/hosts/presence.ts';
import type { Log } from '#shared/log/log.ts';
import type { Seal } from '#shared/seal/seal.ts';
import type { Config } from './config.ts';

/** The dependencies of this service's functions. */
export interface Volumes {
  readonly db: Knex;
  readonly bus: Bus;
  readonly log: Log;
  readonly cloud: Cloud;
  readonly config: Config;
  /** Storage hosts, with the timeout `answerMs`: work that copies no data. */
  readonly hosts: Hosts<VolumeAgent>;
  /** Storage hosts, with the timeout `copyMs`: copies of whole disks. */
  readonly copiers: Hosts<VolumeAgent>;
  /** Which storage hosts are up. */
  readonly presence: Presence;
  readonly images: Pick<ImageClient, 'show' | 'create' | 'remove'>;
  readonly compute: Pick<ComputeClient, 'findAttachment' | 'sendEvents'>;
  /** Encrypts secrets that are stored in rows. */
  readonly seal: Seal;
}

/** The bus address of the notification that a task is waiting. */
export const tasksWait = 'volume.tasks';
/** That of the notification that the run of a task has ended. */
export const tasksEnded = 'volume.tasks-ended';
/** That of the notification that a task was cancelled. */
export const taskCancelled = 'volume.task-cancelled';
