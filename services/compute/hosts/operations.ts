import type { Knex } from 'knex';
import type { ComputeReport } from '#shared/contracts/compute-agent.ts';
import { address } from '#shared/hosts/contract.ts';
import { noteEvent } from '../actions/store.ts';
import type { Compute } from '../context.ts';
import { rowOfGuest } from '../servers/states.ts';
import { changeFreeServer, listServersOn, readServer, type Server } from '../servers/store.ts';
import { inventoryOf } from '../workflows/placing.ts';
import { agentBinary, listServices, markPlaced, readHost, type ServiceRow, saveReport, touchService } from './store.ts';

export const isUp = ({ forcedDown, reportedAt }: ServiceRow, downAfterMs: number): boolean =>
  !forcedDown && Date.now() - reportedAt <= downAfterMs;

/** The word that servers show of their host. */
export async function hostStatuses({ db, config }: Compute): Promise<(host: string | null) => string> {
  const services = new Map((await listServices(db, { binary: agentBinary })).map((each) => [each.host, each]));
  return (host) => {
    if (host === null) return '';
    const service = services.get(host);
    if (!service) return 'UNKNOWN';
    if (service.disabled) return 'MAINTENANCE';
    if (service.forcedDown) return 'DOWN';
    return isUp(service, config.hostDownMs) ? 'UP' : 'UNKNOWN';
  };
}

/** Reports come with each look for work; a row is written when it says something new, or now and then. */
const savedEveryMs = 5_000;

interface Seen {
  readonly text: string;
  readonly at: number;
}

/** What agents say of their hosts, as rows. */
export function reportKeeper(compute: Compute) {
  const seen = new Map<string, Seen>();
  const doubts = new Map<string, string>();
  const placing = new Set<string>();

  const save = async (host: string, report: ComputeReport) => {
    const { guests: _, usedRamMb: __, freeDiskGb: ___, ...standing } = report;
    const text = JSON.stringify(standing);
    const before = seen.get(host);
    const now = Date.now();
    if (before?.text === text && now - before.at < savedEveryMs) return;
    await compute.db.transaction(async (tx) => {
      await touchService(tx, agentBinary, host, now);
      await saveReport(tx, host, report);
    });
    seen.set(host, { text, at: now });
  };

  return async (host: string, report: ComputeReport): Promise<void> => {
    await save(host, report);
    if (!placing.has(host)) {
      placing.add(host);
      void tellPlacement(compute, host)
        .catch((error: unknown) => compute.log.warn({ host, error }, 'placement could not be told of a host'))
        .finally(() => placing.delete(host));
    }
    await compareGuests(compute, host, report, doubts);
  };
}

/** Only what placement does not know yet. */
async function tellPlacement(compute: Compute, name: string): Promise<void> {
  const host = await readHost(compute.db, name);
  if (!host) return;
  const inventory = inventoryOf(compute, host);
  const text = JSON.stringify({ name, inventory });
  if (host.placed === text) return;
  await compute.placement.ensureProvider(host.id, name, inventory);
  await markPlaced(compute.db, host.id, text);
}

/**
 * A guest that is otherwise than its row says, and that no work is changing, changed by itself. A report may be older
 * than the row, so the same difference is wanted twice, and the host is asked for the second at once.
 */
async function compareGuests(
  { db, bus, log }: Compute,
  host: string,
  report: ComputeReport,
  doubts: Map<string, string>,
): Promise<void> {
  if (report.guests.length === 0) return;
  const rows = new Map((await listServersOn(db, host)).map((row) => [row.id, row]));
  for (const { id, power, reason } of report.guests) {
    const row = rows.get(id);
    if (!row || row.taskId !== null || row.vmState === 'error' || rowOfGuest[power].vmState === row.vmState) {
      doubts.delete(id);
      continue;
    }
    const doubt = `${row.version}/${power}`;
    if (doubts.get(id) !== doubt) {
      doubts.set(id, doubt);
      bus.hint(address.hint('compute', host));
      continue;
    }
    doubts.delete(id);
    const server = await readServer(db, id);
    if (server && (await settleGuest(db, server, power, reason)))
      log.info({ serverId: id, host, power, reason }, 'a guest changed by itself');
  }
}

const told: Readonly<Record<ComputeReport['guests'][number]['power'], string>> = {
  on: 'start',
  off: 'stop',
  paused: 'pause',
  crashed: 'stop',
};

async function settleGuest(
  db: Knex,
  server: Server,
  power: keyof typeof told,
  reason: string | null,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    if (!(await changeFreeServer(tx, server, { ...rowOfGuest[power] }))) return false;
    const message = reason ?? `The guest was found ${power} without anybody's request.`;
    await noteEvent(tx, server, { action: told[power], message, requestId: `req-${crypto.randomUUID()}` });
    return true;
  });
}
