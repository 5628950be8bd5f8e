/** Regions, services and endpoints. */
import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { applyFilters, type Filters } from '#shared/db/filters.ts';
import { conflict } from '#shared/errors/fault.ts';
import { couldNotFind } from '../projects/store.ts';

type Extra = Readonly<Record<string, unknown>>;
export interface Region {
  readonly id: string;
  readonly parentId: string | null;
  readonly description: string;
  readonly extra: Extra;
}
export interface Service {
  readonly id: string;
  readonly type: string;
  readonly enabled: boolean;
  /** Contains name and description, as in Keystone. */
  readonly extra: Extra;
}
export interface Endpoint {
  readonly id: string;
  readonly serviceId: string;
  readonly interface: 'public' | 'internal' | 'admin';
  readonly regionId: string | null;
  readonly url: string;
  readonly enabled: boolean;
  readonly extra: Extra;
}

type Table = 'regions' | 'services' | 'endpoints';
type RowOf = { regions: Region; services: Service; endpoints: Endpoint };
const singular = { regions: 'region', services: 'service', endpoints: 'endpoint' } as const;
const columns = {
  regions: { parent_region_id: 'parentId' },
  services: { type: 'type' },
  endpoints: {
    service_id: 'serviceId',
    interface: 'interface',
    region_id: 'regionId',
    region: 'regionId',
  },
} as const;

const toRow = <T extends { extra?: Extra }>({ extra, ...rest }: T) => ({
  ...rest,
  ...(extra === undefined ? {} : { extra: JSON.stringify(extra) }),
});
const fromRow = <T>({ extra, ...row }: Record<string, unknown>): T =>
  ({ ...row, extra: JSON.parse(String(extra)) }) as T;

export const insertEntry = <T extends Table>(tx: Knex, table: T, row: RowOf[T]) =>
  onDuplicate(tx(table).insert(toRow(row)), () =>
    conflict(`Conflict occurred attempting to store ${singular[table]} - Duplicate ID, ${row.id}.`),
  );

export async function getEntry<T extends Table>(db: Knex, table: T, id: string): Promise<RowOf[T]> {
  const row = await db(table).where({ id }).first();
  if (!row) throw couldNotFind(singular[table], id);
  return fromRow(row as Record<string, unknown>);
}

export async function listEntries<T extends Table>(db: Knex, table: T, filters: Filters): Promise<RowOf[T][]> {
  const rows = await applyFilters(db(table), filters, columns[table]).orderBy('id');
  return (rows as Record<string, unknown>[]).map((row) => fromRow<RowOf[T]>(row));
}

export const updateEntry = <T extends Table>(tx: Knex, table: T, id: string, change: Partial<RowOf[T]>) =>
  tx(table).where({ id }).update(toRow(change));

export const removeEntry = (tx: Knex, table: Table, id: string) => tx(table).where({ id }).delete();

export const removeEndpointsOf = (tx: Knex, serviceId: string) => tx('endpoints').where({ serviceId }).delete();

/** Creates a region that an endpoint names by the older key `region`. */
export async function ensureRegion(tx: Knex, id: string): Promise<void> {
  if ((await listEntries(tx, 'regions', {})).some((each) => each.id === id)) return;
  await insertEntry(tx, 'regions', { id, parentId: null, description: '', extra: {} });
}
