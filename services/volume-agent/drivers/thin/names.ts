/** The names of a thin store. */
import { requireName, resourceId } from '#shared/contracts/grammar.ts';

const safe = (id: string) => requireName(resourceId, id, 'the id of a volume');
export const nameOf = {
  volume: (id: string) => `volume-${safe(id)}`,
  snapshot: (id: string) => `snap-${safe(id)}`,
  part: (id: string) => `part-${safe(id)}`,
  old: (id: string) => `old-${safe(id)}`,
};
