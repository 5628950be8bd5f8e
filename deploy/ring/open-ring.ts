/** The ring as a command sees and changes it: the file of a cloud on one host, the registry's settings in a rack. */
import { request, textOf } from '#shared/clients/http.ts';
import { givenRing, ringSection } from '#shared/ring/config.ts';
import type { RingReport } from '#shared/ring/dispersion.ts';
import { follow, type Placement } from '#shared/ring/placement.ts';
import { readPlacement, writePlacement } from '#shared/ring/ring-file.ts';
import { openAdmin } from '../agents.ts';
import { Refusal } from '../command.ts';
import { endpointsOf } from '../endpoints.ts';
import { withRegistry } from '../rack/open-registry.ts';
import { findPlacement, savePlacement } from '../rack/registry/ring-settings.ts';
import { getHome, type Home } from '../settings.ts';

export interface LocalRing {
  readonly home: Home;
  readonly placement: Placement;
  readonly minPartHours: number;
  /** Processes notice it within a second, on one host; in a rack when their node reports to the registry, within 10 s. */
  save(next: Placement): Promise<void>;
}

/** Throws Refusal where there is no ring, and in a rack on nodes that are not management nodes. */
export async function withRing<T>(work: (ring: LocalRing) => Promise<T>): Promise<T> {
  const home = await getHome();
  const { minPartHours } = home.settings.read('object-ring', ringSection);
  if (home.node)
    return withRegistry(async ({ registry }) => {
      const placement = await findPlacement(registry);
      if (!placement) throw new Refusal('there is no ring yet: let a host with the role object join');
      return work({ home, placement, minPartHours, save: (next) => savePlacement(registry, placement, next) });
    });
  const { path } = home.directory;
  const placement = follow(readPlacement(path), givenRing(home.settings));
  return work({ home, placement, minPartHours, save: async (next) => writePlacement(path, next) });
}

/** What the devices say. Throws Refusal when the object store does not answer. */
export async function readReport(home: Home): Promise<RingReport> {
  const { cloud } = home;
  const identityUrl = cloud.identityUrl || `http://${cloud.address}:5000/v3`;
  const [endpoint] = await endpointsOf(home, ['object-store']);
  const headers = { 'x-auth-token': await openAdmin(home, identityUrl).token() };
  const reply = await request(`${endpoint?.url}/recon/ring`, { headers }).catch((cause: Error) => {
    throw new Refusal(`the object store does not answer (${cause.message}); is it running? wattle start`, { cause });
  });
  const text = await textOf(reply);
  if (reply.status !== 200) throw new Refusal(`the object store answers ${reply.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text) as RingReport;
}
