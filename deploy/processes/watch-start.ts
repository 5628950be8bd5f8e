/** Whether a cloud that is being started works: its APIs respond and its agents have reported. */
import { openAdmin, waitForAgents } from '../agents.ts';
import type { Endpoint } from '../endpoints.ts';
import { waitForEndpoints } from '../health-check.ts';
import type { Home } from '../settings.ts';

interface StartResult {
  /** The APIs that do not respond, and the agents of `wanted` that did not report. */
  listSilent(wanted: readonly string[]): Promise<string[]>;
}

/** Resolves when all APIs respond or `until` aborts. Logs in as soon as identity responds, while others start. */
export async function watchStart(home: Home, endpoints: readonly Endpoint[], until: AbortSignal): Promise<StartResult> {
  const identity = endpoints.find(({ name }) => name === 'identity');
  const admin = identity && openAdmin(home, `${identity.url}/v3`);
  const first = await waitForEndpoints(identity ? [identity] : [], until);
  await admin?.token().catch(() => {}); // the next call with the token fails with the reason
  const others = await waitForEndpoints(
    endpoints.filter((endpoint) => endpoint !== identity),
    until,
  );
  const silent = [...first, ...others].map(({ name }) => name);
  return {
    listSilent: async (wanted) => [...silent, ...(admin ? await waitForAgents(admin, endpoints, wanted, until) : [])],
  };
}
