/** What the commands of `deploy` may use of this service without its running processes. */
import { databaseOf, readCloud } from '#shared/config/cloud.ts';
import type { Settings } from '#shared/config/settings.ts';
import type { NetworkReport } from '#shared/contracts/network-agent.ts';
import { listHeldReports } from '#shared/db/hold.ts';
import { openDatabase } from '#shared/db/open.ts';
import { type Comparison, compareHosts, type OnHost } from '#shared/hosts/compare.ts';
import { section } from './config.ts';
import { wantedOn } from './hosts/report.ts';
import { listHosts } from './hosts/store.ts';

export const openRows = (settings: Settings) =>
  openDatabase(settings.read('network', section).database || databaseOf(readCloud(settings), 'network'));

/** What network agents have applied (ports with their taps, groups, routers, DHCP) against the rows of a restored database. */
export async function compareRestored(settings: Settings): Promise<Comparison> {
  const db = openRows(settings);
  const config = settings.read('network', section);
  try {
    const reports = await listHeldReports<NetworkReport>(db);
    const wanted: OnHost[] = [];
    for (const { host } of await listHosts(db))
      for (const [id, { kind }] of await wantedOn({ db, config }, host)) wanted.push({ kind, id, host });
    const kindOf = new Map(wanted.map(({ id, kind }) => [id, kind]));
    const found = [...reports].map(
      ([host, { standing }]) =>
        [host, standing.map((id) => ({ kind: kindOf.get(id) ?? kindIn(id), id, host }))] as const,
    );
    return compareHosts(wanted, new Map(found));
  } finally {
    await db.destroy();
  }
}

/** An id without a suffix does not say which of the three it is. */
const kindIn = (id: string): string => id.split('/')[1] ?? 'port, router or group';
