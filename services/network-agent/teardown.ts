import type { Log } from '#shared/log/log.ts';
import { namesOf } from './drivers/linux/names.ts';
import { tearDown } from './drivers/linux/sweep.ts';

/**
 * Takes everything of one cloud off this host: namespaces, bridges, taps, tunnels, rules, dnsmasq. For `down` and
 * `purge`, once the agent and the guests have ended. Safe to ask twice; without root there is nothing to take. The next
 * start builds all of it again from var/network-agent, where that is kept.
 */
export async function teardown(cloudId: string, log: Log): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const gone = await tearDown(namesOf(cloudId));
  log.info({ gone }, 'the networks of this cloud left the host');
}
