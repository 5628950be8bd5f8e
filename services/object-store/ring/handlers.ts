/** `GET /recon/ring`: the state of the ring, for administrators. */
import { type Handler, ok } from '#shared/http/route.ts';
import { measureDispersion, type RingReport } from '#shared/ring/dispersion.ts';
import type { ObjectStore } from '../context.ts';

export const showRing: Handler<ObjectStore> = async ({ ring, reach }) => {
  const { version = 0, replicas } = ring;
  return ok({ version, replicas, dispersion: await measureDispersion(ring, reach) } satisfies RingReport);
};
