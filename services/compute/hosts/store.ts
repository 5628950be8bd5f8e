import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { ComputeReport } from '#shared/contracts/compute-agent.ts';
import { Fault, notFound } from '#shared/errors/fault.ts';

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
}

export const agentBinary = 'nova-compute';

/** Inserts the service if it is new, else updates its time. */
export async function touchService(tx: Knex, binary: string, host: string, now: number): Promise<void> {
  if (await tx('services').where({ binary, host }).update({ reportedAt: now })) return;
  const fresh = { id: randomUUID(), binary, host, disabled: false, disabledReason: null, forcedDown: false };
  await tx('services').insert({ ...fresh, reportedAt: now });
}

export const listServices = async (
  db: Knex,
  filter: { readonly binary?: string; readonly host?: string } = {},
): Promise<ServiceRow[]> => {
  const rows = (await db<ServiceRow>('services').where(filter).orderBy('sequence')) as ServiceRow[];
  return rows.map((row) => ({ ...row, reportedAt: Number(row.reportedAt) }));
};

/** By UUID, or by number as before 2.53. */
export async function getService(db: Knex, id: string): Promise<ServiceRow> {
  const by = /^\d+$/.test(id) ? { sequence: Number(id) } : { id };
  const row = (await db<ServiceRow>('services').where(by).first()) as ServiceRow | undefined;
  if (!row) throw new Fault(404, 'notFound', `Service ${id} could not be found.`);
  return { ...row, reportedAt: Number(row.reportedAt) };
}

export async function getServiceOf(db: Knex, host: string, binary: string): Promise<ServiceRow> {
  const row = (await db<ServiceRow>('services').where({ host, binary }).first()) as ServiceRow | undefined;
  if (!row) throw new Fault(404, 'notFound', `Could not find binary ${binary} on host ${host}.`);
  return { ...row, reportedAt: Number(row.reportedAt) };
}

type ServiceChange = Partial<Pick<ServiceRow, 'disabled' | 'disabledReason' | 'forcedDown'>>;
export const changeService = async (tx: Knex, id: string, change: ServiceChange): Promise<void> => {
  await tx('services').where({ id }).update(change);
};

export const removeService = async (tx: Knex, { id, host, binary }: ServiceRow): Promise<void> => {
  await tx('services').where({ id }).delete();
  if (binary === agentBinary) await tx('hosts').where({ name: host }).delete();
};

const fromRow = (row: Record<string, unknown>): Host =>
  ({ ...row, report: JSON.parse(String(row.report)) }) as unknown as Host;

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

export const listHosts = async (db: Knex): Promise<Host[]> =>
  ((await db('hosts').orderBy('sequence')) as Record<string, unknown>[]).map(fromRow);

export async function findHost(db: Knex, name: string): Promise<Host | undefined> {
  const row: unknown = await db('hosts').where({ name }).first();
  return row ? fromRow(row as Record<string, unknown>) : undefined;
}

/** By UUID, or by number as before 2.53. */
export async function getHost(db: Knex, id: string): Promise<Host> {
  const by = /^\d+$/.test(id) ? { sequence: Number(id) } : { id };
  const row: unknown = await db('hosts').where(by).first();
  if (!row) throw new Fault(404, 'notFound', `Hypervisor with ID '${id}' could not be found.`);
  return fromRow(row as Record<string, unknown>);
}

export async function getHostByName(db: Knex, name: string): Promise<Host> {
  const host = await findHost(db, name);
  if (!host) throw notFound('Host', name);
  return host;
}
