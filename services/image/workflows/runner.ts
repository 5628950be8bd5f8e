import { type Runner, startRunner } from '#shared/workflow/runner.ts';
import type { Images } from '../context.ts';
import { workflows } from './all.ts';

/** Runs the tasks of this service. `owner` is a name of this process that is the same after a restart. */
export function startTasks(service: Images, owner: string): Promise<Runner> {
  const { db, log, config } = service;
  const { leaseMs, backoffMs, pollMs, copyLimit: limit } = config;
  return startRunner({ service, db, log, workflows, owner, leaseMs, backoffMs, pollMs, limit });
}
