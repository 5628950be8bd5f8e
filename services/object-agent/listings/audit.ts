/** The audit of databases: one that sqlite cannot read, or whose integrity check fails, is quarantined; other replicas restore it. */
import { diskOf } from '../context.ts';
import { databaseKinds, everythingOn, type Place, quarantineFiles } from '../drivers/device.ts';
import type { ListingContext } from './report.ts';

interface DatabaseAuditor {
  /** Checks some databases from where the last step ended. */
  step(): void;
}

const perStep = 8;

export function openDatabaseAuditor(context: ListingContext, device: string): DatabaseAuditor {
  let rest: ReturnType<typeof everythingOn> | undefined;
  const step = () => {
    const disk = diskOf(context, device);
    for (let left = perStep; disk && left > 0; left -= 1) {
      rest ??= everythingOn(disk, databaseKinds);
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

/** Quarantines a damaged database. */
export function auditDatabase(context: ListingContext, place: Place): void {
  const fault = faultOf(context, place);
  if (fault === undefined) return;
  const { disk, kind, hash } = place;
  context.log.error({ device: disk.name, kind, hash, fault }, 'a damaged database was quarantined');
  context.databases.forget(disk.name);
  quarantineFiles(place);
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
