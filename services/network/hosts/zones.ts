/** Availability zones: a host is in one; networks and routers name those in which they are to be. */
import type { Network } from '../context.ts';
import { invalidInput, missing } from '../resources/values.ts';
import { type Host, listHosts } from './store.ts';

/** The length of the column, in which they are JSON. */
const longest = 255;

export async function refuseUnknownZones({ db }: Network, hints: readonly string[]): Promise<void> {
  if (hints.length === 0) return;
  if (JSON.stringify(hints).length > longest) throw invalidInput('Too many availability_zone_hints specified');
  const known = new Set((await listHosts(db)).map(({ availabilityZone }) => availabilityZone));
  const unknown = hints.find((zone) => !known.has(zone));
  if (unknown !== undefined)
    throw missing('AvailabilityZoneNotFound', `AvailabilityZone ${unknown} could not be found.`);
}

/** Without hints every zone will do. */
export const isInZones = ({ availabilityZone }: Pick<Host, 'availabilityZone'>, hints: readonly string[]): boolean =>
  hints.length === 0 || hints.includes(availabilityZone);
