import type { Knex } from 'knex';
import type { ComputeReport } from '#shared/contracts/compute-agent.ts';
import { address } from '#shared/hosts/contract.ts';
import { noteEvent } from '../actions/store.ts';
import { type Compute, hostReported } from '../context.ts';
import { rowOfGuest } from '../servers/states.ts';
import { changeFreeServer, listServersOn, readServer, type Server } from '../servers/store.ts';
import { inventoryOf } from '../workflows/placing.ts';
import {
  agentBinary,
  listHosts,
  listServices,
  markPlaced,
  type ServiceRow,
  saveReport,
  touchService,
} from './store.ts';

export const isUp = ({ forcedDown, reportedAt }: ServiceRow, downAfterMs: number): boolean =>
  !forcedDown && Math.abs(Date.now() - reportedAt) <= downAfterMs; // one from the future is of a clock that was set back

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
/** Guests that say what they said before are compared with their rows now and then. */
const comparedEveryMs = 30_000;

type Guest = ComputeReport['guests'][number];

/** What is remembered of a host between two of its reports. */
interface Memory {
  text: string;
  savedAt: number;
  comparedAt: number;
  powers: ReadonlyMap<string, Guest['power']>;
  /** Server id to the difference that was seen once. */
  readonly doubts: Map<string, string>;
}

/** What agents say of their hosts, as rows. */
export function reportKeeper(compute: Compute) {
  const memories = new Map<string, Memory>();
  const memoryOf = (host: string): Memory => {
    const known = memories.get(host);
    if (known) return known;
    const fresh = {
      text: '',
      savedAt: Number.NEGATIVE_INFINITY,
      comparedAt: Number.NEGATIVE_INFINITY,
      powers: new Map(),
      doubts: new Map(),
    };
    memories.set(host, fresh);
    return fresh;
  };
  return async (host: string, report: ComputeReport): Promise<void> => {
    const memory = memoryOf(host);
    await save(compute, host, report, memory);
    await compareGuests(compute, host, worthALook(report, memory), memory.doubts);
  };
}

async function save({ db, bus }: Compute, host: string, report: ComputeReport, memory: Memory): Promise<void> {
  const { guests: _, usedRamMb: __, freeDiskGb: ___, ...standing } = report;
  const text = JSON.stringify(standing);
  const now = performance.now();
  if (memory.text === text && now - memory.savedAt < savedEveryMs) return;
  await db.transaction(async (tx) => {
    await touchService(tx, agentBinary, host, Date.now());
    await saveReport(tx, host, report);
  });
  if (memory.text !== text) bus.notify(hostReported);
  memory.text = text;
  memory.savedAt = now;
}

/** Those that say something new, those in doubt, and now and then all. */
function worthALook({ guests }: ComputeReport, memory: Memory): readonly Guest[] {
  const { powers, doubts } = memory;
  memory.powers = new Map(guests.map(({ id, power }) => [id, power]));
  if (performance.now() - memory.comparedAt < comparedEveryMs)
    return guests.filter(({ id, power }) => powers.get(id) !== power || doubts.has(id));
  memory.comparedAt = performance.now();
  return guests;
}

/** What placement does not know yet of the hosts, or no longer right. */
export async function reportToPlacement(compute: Compute): Promise<void> {
  for (const host of await listHosts(compute.db)) {
    const inventory = inventoryOf(compute, host);
    const text = JSON.stringify({ name: host.name, inventory });
    if (host.placed === text) continue;
    await compute.placement.ensureProvider(host.id, host.name, inventory);
    await markPlaced(compute.db, host.id, text);
  }
}

/**
 * A guest that is otherwise than its row says, and that no work is changing, changed by itself. A report may be older
 * than the row, so the same difference is wanted twice, and the host is asked for the second at once.
 */
async function compareGuests(
  { db, bus, log }: Compute,
  host: string,
  guests: readonly Guest[],
  doubts: Map<string, string>,
): Promise<void> {
  if (guests.length === 0) return;
  const some = guests.length <= 200 ? guests.map(({ id }) => id) : undefined;
  const rows = new Map((await listServersOn(db, host, some)).map((row) => [row.id, row]));
  for (const { id, power, reason } of guests) {
    const row = rows.get(id);
    if (!row || row.taskId !== null || row.vmState === 'error' || rowOfGuest[power].vmState === row.vmState) {
      doubts.delete(id);
      continue;
    }
    const doubt = `${row.version}/${power}`;
    if (doubts.get(id) !== doubt) {
      doubts.set(id, doubt);
      bus.notify(address.notify('compute', host));
      continue;
    }
    doubts.delete(id);
    const server = await readServer(db, id);
    if (server && (await reconcileGuest(db, server, power, reason)))
      log.info({ serverId: id, host, power, reason }, 'a guest changed by itself');
  }
}

const told: Readonly<Record<Guest['power'], string>> = {
  on: 'start',
  off: 'stop',
  paused: 'pause',
  crashed: 'stop',
};

async function reconcileGuest(
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
