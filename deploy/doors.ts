/** Where the services of this cloud answer, by their own settings. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from '#shared/clients/http.ts';
import { listenAt } from '#shared/config/cloud.ts';
import { isAgent, type Part, parts } from './roles.ts';
import { type Home, sectionOf } from './settings.ts';

export interface Door {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

export async function doorsOf({ settings, cloud }: Home, wanted: readonly Part[] = parts): Promise<Door[]> {
  const doors = wanted
    .filter((part) => !isAgent(part))
    .map(async (part) => {
      const { listen } = settings.read(part, await sectionOf(part));
      if (listen === undefined) return [];
      const { host, port } = listenAt(cloud, String(listen));
      return [{ name: part, host, port, url: `http://${host}:${port}` }];
    });
  return (await Promise.all(doors)).flat();
}

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

/** Gives the doors that stay shut. */
export async function waitForDoors(doors: readonly Door[], until: AbortSignal): Promise<Door[]> {
  let shut = [...doors];
  while (!until.aborted) {
    const open = await Promise.all(shut.map(answers));
    shut = shut.filter((_, at) => !open[at]);
    if (shut.length === 0) return [];
    await sleep(50, undefined, { signal: until }).catch(() => {});
  }
  return shut;
}
