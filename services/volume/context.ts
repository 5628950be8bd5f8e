import type { Knex } from 'knex';
import type { Bus } from '#shared/bus/bus.ts';
import type { ImageClient } from '#shared/clients/image.ts';
import type { Cloud } from '#shared/config/cloud.ts';
import type { VolumeAgent } from '#shared/contracts/volume-agent.ts';
import type { Hosts } from '#shared/hosts/hosts.ts';
import type { Log } from '#shared/log/log.ts';
import type { Seal } from '#shared/seal/seal.ts';
import type { Config } from './config.ts';
import type { Servers } from './drivers/servers.ts';

/** Everything this service's functions may reach. */
export interface Volumes {
  readonly db: Knex;
  readonly bus: Bus;
  readonly log: Log;
  readonly cloud: Cloud;
  readonly config: Config;
  /** Storage hosts, for what takes moments. */
  readonly hosts: Hosts<VolumeAgent>;
  /** The same, for copies of whole disks. */
  readonly copiers: Hosts<VolumeAgent>;
  readonly images: ImageClient;
  readonly servers: Servers;
  /** Secrets that stand in rows are sealed by it. */
  readonly seal: Seal;
}

/** Where the hint goes that a task waits. */
export const tasksWait = 'volume.tasks';
