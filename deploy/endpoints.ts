/** The endpoints of this cloud's APIs, from the settings of the services. */
import { listenAt } from '#shared/config/cloud.ts';
import { isAgent, type Part, parts } from './roles.ts';
import { type Home, sectionOf } from './settings.ts';

export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

export async function endpointsOf({ settings, cloud }: Home, wanted: readonly Part[] = parts): Promise<Endpoint[]> {
  const endpoints = wanted
    .filter((part) => !isAgent(part))
    .map(async (part) => {
      const { listen } = settings.read(part, await sectionOf(part));
      if (listen === undefined) return [];
      const { host, port } = listenAt(cloud, String(listen));
      return [{ name: part, host, port, url: `http://${host}:${port}` }];
    });
  return (await Promise.all(endpoints)).flat();
}
