/** Whether a cloud that has just been started works: its doors answer, its hosts have reported. */
import { openAdmin, waitForAgents } from '../agents.ts';
import type { Endpoint } from '../endpoints.ts';
import { waitForEndpoints } from '../health-check.ts';
import type { Home } from '../settings.ts';

interface Heard {
  /** The doors that stayed shut, and the agents of `wanted` that did not report. */
  silent(wanted: readonly string[]): Promise<string[]>;
}

/** Resolves when all doors answer or `until` aborts. Where identity is one of them it logs in before the others open. */
export async function listen(home: Home, endpoints: readonly Endpoint[], until: AbortSignal): Promise<Heard> {
  const identity = endpoints.find(({ name }) => name === 'identity');
  const admin = identity && openAdmin(home, `${identity.url}/v3`);
  const first = await waitForEndpoints(identity ? [identity] : [], until);
  await admin?.token().catch(() => {}); // who asks next says why not
  const others = await waitForEndpoints(
    endpoints.filter((endpoint) => endpoint !== identity),
    until,
  );
  const shut = [...first, ...others].map(({ name }) => name);
  return {
    silent: async (wanted) => [...shut, ...(admin ? await waitForAgents(admin, endpoints, wanted, until) : [])],
  };
}
