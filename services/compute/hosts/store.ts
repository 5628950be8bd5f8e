import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { ComputeReport } from '#shared/contracts/compute-agent.ts';
import { rowsOf } from '#shared/db/json-columns.ts';
import { Fault, notFound } from '#shared/errors/fault.ts';
import type { Mark } from '#shared/hosts/presence.ts';
import { listPage, type PageRequest } from '../values.ts';
import { presenceKey } from './states.ts';

/** A compute host; its id is the host id of the agent and the id of its resource provider. */
export interface Host {
  readonly sequence: number;
  readonly id: string;
  readonly name: string;
  readonly report: ComputeReport;
  /** The inventory that placement has, as JSON; null when it was never sent. */
  readonly placed: string | null;
  readonly createdAt: number;
}

/** A process of this service, or an agent: what `compute service list` shows. */
export interface ServiceRow {
  readonly sequence: number;
  readonly id: string;
  readonly binary: string;
  readonly host: string;
  readonly reportedAt: number;
  readonly disabled: boolean;
  readonly disabledReason: string | null;
  readonly forcedDown: boolean;
  /** When it was fenced; null since its next report. */
  readonly fencedAt: number | null;
}

export const agentBinary = 'nova-compute';

/** Inserts the service if it is new, else updates its time. */
export async function touchService(tx: Knex, binary: string, host: string, now: number): Promise<void> {
  if (await tx('services').where({ binary, host }).update({ reportedAt: now, fencedAt: null })) return;
  const fresh = { id: randomUUID(), binary, host, disabled: false, disabledReason: null, forcedDown: false };
  await tx('services').insert({ ...fresh, reportedAt: now });
}

/** Until its next report. */
export const markFenced = async (db: Knex, id: string, at: number): Promise<void> => {
  await db('services').where({ id }).update({ fencedAt: at });
};

/** Those with the given properties, and of the given hosts if any are given. */
export const listServices = async (
  db: Knex,
  filter: { readonly binary?: string; readonly host?: string } = {},
  hosts?: readonly string[],
): Promise<ServiceRow[]> => {
  const found = db<ServiceRow>('services').where(filter).orderBy('sequence');
  return (await (hosts ? found.whereIn('host', hosts) : found)) as ServiceRow[];
};

/** By UUID, or by number as before 2.53. */
export async function getService(db: Knex, id: string): Promise<ServiceRow> {
  const row: ServiceRow | undefined = await db('services').where(byId(id)).first();
  if (!row) throw new Fault(404, 'notFound', `Service ${id} could not be found.`);
  return row;
}

const byId = (id: string) => (/^\d+$/.test(id) ? { sequence: Number(id) } : { id });

export async function getServiceOf(db: Knex, host: string, binary: string): Promise<ServiceRow> {
  const row: ServiceRow | undefined = await db('services').where({ host, binary }).first();
  if (!row) throw new Fault(404, 'notFound', `Could not find binary ${binary} on host ${host}.`);
  return row;
}

export const listMarks = async (db: Knex): Promise<Mark[]> =>
  (await listServices(db)).map((each) => ({ host: presenceKey(each), reportedAt: each.reportedAt }));

type ServiceChange = Partial<Pick<ServiceRow, 'disabled' | 'disabledReason' | 'forcedDown'>>;
export const changeService = async (tx: Knex, id: string, change: ServiceChange): Promise<void> => {
  await tx('services').where({ id }).update(change);
};

export const removeService = async (tx: Knex, { id, host, binary }: ServiceRow): Promise<void> => {
  await tx('services').where({ id }).delete();
  if (binary === agentBinary) await tx('hosts').where({ name: host }).delete();
};

const rows = rowsOf<Host>('report');

/** Saves a report without its guests. The host id identifies the host; its name may change. */
export async function saveReport(tx: Knex, name: string, report: ComputeReport): Promise<void> {
  const kept = JSON.stringify({ ...report, guests: [] });
  const change = { name, report: kept };
  if (await tx('hosts').where({ id: report.hostId }).update(change)) return;
  await tx('hosts').where({ name }).delete(); // another machine has taken the name
  await tx('hosts').insert({ id: report.hostId, ...change, placed: null, createdAt: Date.now() });
}

export const markPlaced = async (db: Knex, id: string, placed: string | null): Promise<void> => {
  await db('hosts').where({ id }).update({ placed });
};

/** All, or those whose name contains the pattern. */
export const listHosts = (db: Knex, pattern?: string): Promise<Host[]> => {
  const found = db('hosts').orderBy('sequence');
  return rows.list(pattern === undefined ? found : found.whereRaw('instr(name, ?) > 0', [pattern]));
};

export const listHostPage = (db: Knex, page: Omit<PageRequest, 'sorts'>): Promise<Host[]> =>
  listPage(rows.read, () => db('hosts'), {
    ...page,
    sorts: [{ column: 'sequence', descending: false, notNull: true }],
  });

export const findHost = (db: Knex, name: string): Promise<Host | undefined> => rows.find(db('hosts').where({ name }));

/** By UUID, or by number as before 2.53. */
export async function getHost(db: Knex, id: string): Promise<Host> {
  const host = await rows.find(db('hosts').where(byId(id)));
  if (!host) throw new Fault(404, 'notFound', `Hypervisor with ID '${id}' could not be found.`);
  return host;
}

export async function getHostByName(db: Knex, name: string): Promise<Host> {
  const host = await findHost(db, name);
  if (!host) throw notFound('Host', name);
  return host;
}
