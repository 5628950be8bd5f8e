/** Whether doors are open. Apart from where they are: who only starts a process need not know how to ask. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from '#shared/clients/http.ts';
import type { Endpoint } from './endpoints.ts';

/** Any answer of an API is an answer. */
export async function answers({ url }: Endpoint): Promise<boolean> {
  try {
    const { status, stream } = await request(url, { timeoutMs: 3_000 });
    stream.destroy();
    return status < 500;
  } catch {
    return false;
  }
}

/** Gives the doors that stay shut. One is asked at a time: what starts behind them has better things to do. */
export async function waitForEndpoints(endpoints: readonly Endpoint[], until: AbortSignal): Promise<Endpoint[]> {
  const shut = [...endpoints];
  for (let [endpoint] = shut; endpoint && !until.aborted; [endpoint] = shut) {
    if (await answers(endpoint)) shut.shift();
    else await sleep(50, undefined, { signal: until }).catch(() => {});
  }
  return shut;
}
