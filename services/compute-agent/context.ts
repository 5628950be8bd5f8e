import type { Cloud } from '#shared/config/cloud.ts';
import type { Config } from './config.ts';
import type { Hypervisor } from './drivers/hypervisor.ts';

/** One host, and what runs its guests. */
export interface ComputeHost {
  readonly name: string;
  readonly cloud: Cloud;
  readonly config: Config;
  readonly hypervisor: Hypervisor;
}
