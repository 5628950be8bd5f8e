/** Whether the APIs respond. Separate from endpoints.ts, so that a role process does not load the HTTP client. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from '#shared/clients/http.ts';
import type { Endpoint } from './endpoints.ts';

/** Whether the API returns any status below 500 within 3 s. */
export async function responds({ url }: Endpoint): Promise<boolean> {
  try {
    const { status, stream } = await request(url, { timeoutMs: 3_000 });
    stream.destroy();
    return status < 500;
  } catch {
    return false;
  }
}

/** Returns the endpoints that do not respond. Polls one at a time, to leave the CPU to the services that start. */
export async function waitForEndpoints(endpoints: readonly Endpoint[], until: AbortSignal): Promise<Endpoint[]> {
  const pending = [...endpoints];
  for (let [endpoint] = pending; endpoint && !until.aborted; [endpoint] = pending) {
    if (await responds(endpoint)) pending.shift();
    else await sleep(50, undefined, { signal: until }).catch(() => {});
  }
  return pending;
}
