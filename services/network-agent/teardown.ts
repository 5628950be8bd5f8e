/** Run by `wattle down` and `wattle purge` after the agent and the guests have ended. */
import { readCloud } from '#shared/config/cloud.ts';
import type { Runtime } from '#shared/service/runtime.ts';
import { namesOf } from './drivers/linux/names.ts';
import { tearDown } from './drivers/linux/sweep.ts';

/**
 * Removes everything of this cloud from the host: namespaces, bridges, taps, tunnels, rules, dnsmasq. Idempotent; does
 * nothing without root. The next start builds it again from the specs below var.
 */
export async function teardown({ settings, log }: Pick<Runtime, 'settings' | 'log'>): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const removed = await tearDown(namesOf(readCloud(settings).id));
  log.info({ removed }, 'the networks of this cloud were removed from the host');
}
