/** The audit of databases: one that sqlite cannot read, or whose integrity check fails, is quarantined; other replicas restore it. */
import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Kind } from '#shared/contracts/object-agent.ts';
import { diskOf } from '../context.ts';
import { type Disk, hashDirectory, hashesIn, partitionsOf } from '../drivers/device.ts';
import { ensureDirectorySync, ignoreMissing } from '../drivers/disk.ts';
import type { Place } from './databases.ts';
import type { ListingContext } from './report.ts';

const kinds: readonly Kind[] = ['account', 'container'];

interface DatabaseAuditor {
  /** Checks some databases from where the last step ended. */
  step(): void;
}

const perStep = 8;

export function openDatabaseAuditor(context: ListingContext, device: string): DatabaseAuditor {
  let rest: Iterator<Place> | undefined;
  const step = () => {
    const disk = diskOf(context, device);
    for (let left = perStep; disk && left > 0; left -= 1) {
      rest ??= everything(disk);
      const { value, done } = rest.next();
      if (!done) auditDatabase(context, value);
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

/** Quarantines a damaged database. */
export function auditDatabase(context: ListingContext, place: Place): void {
  const fault = faultOf(context, place);
  if (fault === undefined) return;
  const { disk, kind, partition, hash } = place;
  context.log.error({ device: disk.name, kind, hash, fault }, 'a damaged database was quarantined');
  context.databases.forget(disk.name);
  const aside = join(disk.root, 'quarantined', `${kind}s`, `${hash}-${Date.now()}`);
  try {
    ensureDirectorySync(disk.root, dirname(aside));
    renameSync(hashDirectory(disk, kind, partition, hash), aside);
  } catch (error) {
    ignoreMissing(error);
  }
}

function faultOf({ databases }: ListingContext, place: Place): string | undefined {
  try {
    const said = databases.find(place)?.row<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check ?? 'ok';
    return said === 'ok' ? undefined : said;
  } catch (error) {
    if (isBroken(error)) return String(error);
    throw error;
  }
}

/** SQLITE_CORRUPT or SQLITE_NOTADB. */
export const isBroken = (error: unknown): boolean =>
  [11, 26].includes(((error as { errcode?: number } | null)?.errcode ?? 0) % 256);
