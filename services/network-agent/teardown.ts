/** What `wattle down` and `wattle purge` do to a host's networks, once the agent and the guests have ended. */
import { readCloud } from '#shared/config/cloud.ts';
import type { Runtime } from '#shared/service/runtime.ts';
import { namesOf } from './drivers/linux/names.ts';
import { tearDown } from './drivers/linux/sweep.ts';

/**
 * Takes everything of this cloud off the host: namespaces, bridges, taps, tunnels, rules, dnsmasq. Safe to ask twice;
 * without root there is nothing to take. The next start builds it again from what is kept below var.
 */
export async function teardown({ settings, log }: Pick<Runtime, 'settings' | 'log'>): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const gone = await tearDown(namesOf(readCloud(settings).id));
  log.info({ gone }, 'the networks of this cloud left the host');
}
