/** A database that sqlite cannot read, or that says of itself that it is broken, is put aside: the other replicas bring it again. */
import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Kind } from '#shared/contracts/object-agent.ts';
import { diskOf } from '../context.ts';
import { type Disk, hashDirectory, hashesIn, partitionsOf } from '../drivers/device.ts';
import { ignoreMissing } from '../drivers/disk.ts';
import type { Place } from './databases.ts';
import type { ListingWorld } from './report.ts';

const kinds: readonly Kind[] = ['account', 'container'];

export interface DatabaseAuditor {
  /** Checks a few more, from where the last step ended. */
  step(): void;
}

const perStep = 8;

export function openDatabaseAuditor(world: ListingWorld, device: string): DatabaseAuditor {
  let rest: Iterator<Place> | undefined;
  const step = () => {
    const disk = diskOf(world, device);
    for (let left = perStep; disk && left > 0; left -= 1) {
      rest ??= everything(disk);
      const { value, done } = rest.next();
      if (!done) auditDatabase(world, value);
      else {
        rest = undefined;
        return;
      }
    }
  };
  return { step };
}

function* everything(disk: Disk): Generator<Place> {
  for (const kind of kinds)
    for (const partition of partitionsOf(disk, kind))
      for (const { hash } of hashesIn(disk, kind, partition)) yield { disk, kind, partition, hash };
}

function auditDatabase(world: ListingWorld, place: Place): void {
  const fault = faultOf(world, place);
  if (fault === undefined) return;
  const { disk, kind, partition, hash } = place;
  world.log.error({ device: disk.name, kind, hash, fault }, 'a broken database is put aside');
  world.databases.forget(disk.name);
  const aside = join(disk.root, 'quarantined', `${kind}s`, `${hash}-${Date.now()}`);
  mkdirSync(dirname(aside), { recursive: true });
  try {
    renameSync(hashDirectory(disk, kind, partition, hash), aside);
  } catch (error) {
    ignoreMissing(error);
  }
}

function faultOf({ databases }: ListingWorld, place: Place): string | undefined {
  try {
    const said = databases.find(place)?.row<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check ?? 'ok';
    return said === 'ok' ? undefined : said;
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    if (errcode === 11 || errcode === 26) return String(error); // SQLITE_CORRUPT, SQLITE_NOTADB
    throw error;
  }
}
