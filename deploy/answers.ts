/** Whether doors are open. Apart from where they are: who only starts a process need not know how to ask. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from '#shared/clients/http.ts';
import type { Door } from './doors.ts';

/** Any answer of an API is an answer. */
export async function answers({ url }: Door): Promise<boolean> {
  try {
    const { status, stream } = await request(url, { timeoutMs: 3_000 });
    stream.destroy();
    return status < 500;
  } catch {
    return false;
  }
}

/** Gives the doors that stay shut. One is asked at a time: what starts behind them has better things to do. */
export async function waitForDoors(doors: readonly Door[], until: AbortSignal): Promise<Door[]> {
  const shut = [...doors];
  for (let [door] = shut; door && !until.aborted; [door] = shut) {
    if (await answers(door)) shut.shift();
    else await sleep(50, undefined, { signal: until }).catch(() => {});
  }
  return shut;
}
