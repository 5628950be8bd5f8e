/** Quarantine: corrupt data is moved to a directory of its own; the other replicas then find it missing and restore it. */
import { type Place, quarantineFiles } from '../drivers/device.ts';
import type { ObjectContext } from './announce.ts';

export function quarantine(context: ObjectContext, place: Place, error: Error): void {
  context.log.error({ device: place.disk.name, hash: place.hash, error }, 'a corrupt object was quarantined');
  quarantineFiles(place);
  context.hashes.touch(place);
}
