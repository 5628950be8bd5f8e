import type { Knex } from 'knex';
import type { ComputeReport } from '#shared/contracts/compute-agent.ts';
import { address } from '#shared/hosts/contract.ts';
import { type Compute, hostReported } from '../context.ts';
import { insertEvent } from '../instance-actions/store.ts';
import { followsGuest, rowOfGuest } from '../servers/states.ts';
import { changeFreeServer, findServer, listServersOn, type Server } from '../servers/store.ts';
import { inventoryOf } from '../workflows/placing.ts';
import { isUp } from './states.ts';
import {
  agentBinary,
  changeService,
  getServiceOf,
  listHosts,
  listServices,
  markPlaced,
  saveReport,
  touchService,
} from './store.ts';

/** Returns `host_status` of servers, by host name. */
export async function hostStatuses(compute: Compute): Promise<(host: string | null) => string> {
  const services = new Map((await listServices(compute.db, { binary: agentBinary })).map((each) => [each.host, each]));
  return (host) => {
    if (host === null) return '';
    const service = services.get(host);
    if (!service) return 'UNKNOWN';
    if (service.disabled) return 'MAINTENANCE';
    if (service.forcedDown) return 'DOWN';
    return isUp(compute, service) ? 'UP' : 'UNKNOWN';
  };
}

/** Reports arrive with each poll for work; a row is written when it changed, or after this time. */
const saveIntervalMs = ({ config }: Compute) => Math.min(5_000, config.hostDownMs / 5);
/** Unchanged guests are compared with their rows at this interval. */
const compareIntervalMs = 30_000;

type Guest = ComputeReport['guests'][number];

/** State of a host between two reports. */
interface HostReportState {
  text: string;
  savedAt: number;
  comparedAt: number;
  powers: ReadonlyMap<string, Guest['power']>;
  /** Server id to a difference that one report had. */
  readonly unconfirmed: Map<string, string>;
}

/** Returns the handler of host reports: stores them and compares guests with servers. */
export function reportHandler(compute: Compute) {
  const states = new Map<string, HostReportState>();
  const stateOf = (host: string): HostReportState => {
    const known = states.get(host);
    if (known) return known;
    const fresh = {
      text: '',
      savedAt: Number.NEGATIVE_INFINITY,
      comparedAt: Number.NEGATIVE_INFINITY,
      powers: new Map(),
      unconfirmed: new Map(),
    };
    states.set(host, fresh);
    return fresh;
  };
  return async (host: string, report: ComputeReport): Promise<void> => {
    const memory = stateOf(host);
    await saveIfChanged(compute, host, report, memory);
    await compareGuests(compute, host, guestsToCompare(report, memory), memory.unconfirmed);
  };
}

async function saveIfChanged(
  compute: Compute,
  host: string,
  report: ComputeReport,
  memory: HostReportState,
): Promise<void> {
  const { db, bus } = compute;
  const { guests: _, usedRamMb: __, freeDiskGb: ___, ...stable } = report;
  const text = JSON.stringify(stable);
  const now = performance.now();
  if (memory.text === text && now - memory.savedAt < saveIntervalMs(compute)) return;
  await db.transaction(async (tx) => {
    await touchService(tx, agentBinary, host, Date.now());
    await disableUnfit(tx, host, report.unfit ?? []);
    await saveReport(tx, host, report);
  });
  if (memory.text !== text) bus.notify(hostReported);
  memory.text = text;
  memory.savedAt = now;
}

/** As Nova does when a host loses its hypervisor: disabled with a reason of our own, until the host is fit again. */
const automatic = 'AUTO: ';

async function disableUnfit(tx: Knex, host: string, unfit: readonly string[]): Promise<void> {
  const { id, disabled, disabledReason } = await getServiceOf(tx, host, agentBinary);
  const isOurs = disabled && disabledReason?.startsWith(automatic) === true;
  if (disabled && !isOurs) return; // an administrator's
  if (unfit.length > 0) {
    const reason = `${automatic}${unfit.join('; ')}`.slice(0, 255);
    if (reason !== disabledReason) await changeService(tx, id, { disabled: true, disabledReason: reason });
  } else if (isOurs) await changeService(tx, id, { disabled: false, disabledReason: null });
}

/** Changed guests and those with an unconfirmed difference; at the interval all. */
function guestsToCompare({ guests }: ComputeReport, memory: HostReportState): readonly Guest[] {
  const { powers, unconfirmed } = memory;
  memory.powers = new Map(guests.map(({ id, power }) => [id, power]));
  if (performance.now() - memory.comparedAt < compareIntervalMs)
    return guests.filter(({ id, power }) => powers.get(id) !== power || unconfirmed.has(id));
  memory.comparedAt = performance.now();
  return guests;
}

/** Sends new and changed inventories to placement. */
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
 * A guest whose power differs from its row, while no task owns the row, changed without a request. A report may be older
 * than the row, so a second report must confirm the difference; the host is notified to send it at once.
 */
async function compareGuests(
  { db, bus, log }: Compute,
  host: string,
  guests: readonly Guest[],
  unconfirmed: Map<string, string>,
): Promise<void> {
  if (guests.length === 0) return;
  const some = guests.length <= 200 ? guests.map(({ id }) => id) : undefined;
  const rows = new Map((await listServersOn(db, host, some)).map((row) => [row.id, row]));
  for (const { id, power, reason } of guests) {
    const row = rows.get(id);
    if (!row || row.taskId !== null || !followsGuest(row.vmState) || rowOfGuest[power].vmState === row.vmState) {
      unconfirmed.delete(id);
      continue;
    }
    const difference = `${row.version}/${power}`;
    if (unconfirmed.get(id) !== difference) {
      unconfirmed.set(id, difference);
      bus.notify(address.notify('compute', host));
      continue;
    }
    unconfirmed.delete(id);
    const server = await findServer(db, id);
    if (server && (await updateRowOfGuest(db, server, power, reason)))
      log.info({ serverId: id, host, power, reason }, 'a guest changed its power state without a request');
  }
}

const actionOf: Readonly<Record<Guest['power'], string>> = {
  on: 'start',
  off: 'stop',
  paused: 'pause',
  suspended: 'suspend',
  crashed: 'stop',
};

async function updateRowOfGuest(
  db: Knex,
  server: Server,
  power: keyof typeof actionOf,
  reason: string | null,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    if (!(await changeFreeServer(tx, server, { ...rowOfGuest[power] }))) return false;
    const message = reason ?? `The guest changed to ${power} without a request.`;
    await insertEvent(tx, server, { action: actionOf[power], message, requestId: `req-${crypto.randomUUID()}` });
    return true;
  });
}
