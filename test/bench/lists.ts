/**
 * Pages of long lists: one in the middle costs what the first one costs. 50 000 volumes, 50 000 ports and 20 000 servers stand
 * in the tables of the services, each service runs in this process on a database of its own, and pages of 100 are asked for
 * over HTTP, first and middle in turns. What counts is CPU time, which other processes disturb least.
 */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Knex } from 'knex';
import { admin, startCloud as startNetwork } from '../../services/network/cloud.test.ts';
import { projectId, startVolumes } from '../e2e/volume-cloud.ts';
import { startCloud as startCompute } from '../fakes/compute-cloud.ts';
import { noMariadb, startMariadb } from '../fakes/own-mariadb.ts';
import { median } from './measure.ts';
import { listeningPids, threadsCpuUs } from './proc.ts';
import { printLine, title } from './report.ts';

const pageSize = 100;
const [turns, pagesATurn] = [11, 20];
const mostRatio = 1.2;

interface Service {
  readonly db: Knex;
  get(path: string): Promise<unknown>;
}

interface List {
  readonly what: string;
  readonly table: string;
  readonly count: number;
  /** Starts the service with one row, which the others are copies of. */
  start(t: Pick<TestContext, 'after'>): Promise<Service>;
  /** What differs in the n-th row. */
  differs(n: number): object;
  readonly path: string;
  readonly sorts: readonly Sort[];
}

interface Sort {
  readonly name: string;
  readonly query: string;
  readonly order: string;
  readonly direction: 'asc' | 'desc';
  readonly where?: object;
}

/** Spreads n over the names, so that their order is not that of creation. */
const nameOf = (n: number) => `name-${String((n * 7_919) % 1_000_003).padStart(7, '0')}`;
const started = 1_700_000_000_000;
const all = 'all_tenants=1&';
const own = { projectId };
/** Two of five rows are the caller's. */
const ownerOf = (n: number) => (n % 5 < 2 ? projectId : 'another');

const lists: readonly List[] = [
  {
    what: 'volumes',
    table: 'volumes',
    count: 50_000,
    start: async (t) => {
      const { ask, create, db } = await startVolumes(t);
      await create();
      return { db, get: async (path) => (await ask('GET', path)).body };
    },
    differs: (n) => ({
      name: nameOf(n),
      projectId: ownerOf(n),
      createdAt: started + n,
      taskId: null,
      status: n % 2 ? 'available' : 'error',
    }),
    path: '/v3/volumes/detail',
    sorts: [
      { name: 'newest first', query: all, order: 'createdAt', direction: 'desc' },
      { name: 'of one project', query: '', order: 'createdAt', direction: 'desc', where: own },
      { name: 'by name', query: `${all}sort=name:asc&`, order: 'name', direction: 'asc' },
      {
        name: 'filtered by status',
        query: `${all}status=available&`,
        order: 'createdAt',
        direction: 'desc',
        where: { status: 'available' },
      },
    ],
  },
  {
    what: 'ports',
    table: 'ports',
    count: 50_000,
    start: async (t) => {
      const server = process.env.WATTLE_TEST_MYSQL;
      const database = server ? { database: `${server}/wattle_lists_network` } : {};
      const { ask, make, db } = await startNetwork(t as TestContext, database);
      const network = await make('networks', { network: { name: 'blue' } });
      await make('ports', { port: { network_id: network.id } });
      return { db, get: async (path) => (await ask('GET', path, undefined, admin)).body };
    },
    differs: (n) => ({
      name: nameOf(n),
      projectId: n % 5 < 2 ? 'blue' : 'another',
      macAddress: `fa:16:3e:${[n >> 16, (n >> 8) & 255, n & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`,
      status: n % 2 ? 'ACTIVE' : 'DOWN',
      createdAt: started + n,
    }),
    path: '/v2.0/ports',
    sorts: [
      { name: 'by id', query: '', order: 'id', direction: 'asc' },
      { name: 'by name', query: 'sort_key=name&sort_dir=asc&', order: 'name', direction: 'asc' },
      {
        name: 'filtered by status',
        query: 'status=ACTIVE&',
        order: 'id',
        direction: 'asc',
        where: { status: 'ACTIVE' },
      },
    ],
  },
  {
    what: 'servers',
    table: 'servers',
    count: 20_000,
    start: async (t) => {
      const { ask, launch, compute } = await startCompute(t);
      await launch();
      return { db: compute.db, get: async (path) => (await ask('GET', path)).body };
    },
    differs: (n) => ({
      name: nameOf(n),
      projectId: ownerOf(n),
      createdAt: started + n,
      taskId: null,
      vmState: n % 2 ? 'active' : 'error',
    }),
    path: '/v2.1/servers/detail',
    sorts: [
      { name: 'newest first', query: all, order: 'createdAt', direction: 'desc' },
      { name: 'of one project', query: '', order: 'createdAt', direction: 'desc', where: own },
      { name: 'by name', query: `${all}sort_key=display_name&sort_dir=asc&`, order: 'name', direction: 'asc' },
      {
        name: 'filtered by status',
        query: `${all}status=ERROR&`,
        order: 'createdAt',
        direction: 'desc',
        where: { vmState: 'error' },
      },
    ],
  },
];

/** Copies the one row of the table. */
async function fill(db: Knex, { table, count, differs }: List): Promise<void> {
  const [first] = (await db(table).limit(1)) as Record<string, unknown>[];
  const { sequence: _, ...template } = first ?? {};
  const rows = Array.from({ length: count }, (_unused, n) => ({ ...template, id: randomUUID(), ...differs(n) }));
  await db.batchInsert(table, rows, 500);
}

async function middleOf(db: Knex, { table }: List, { order, direction, where = {} }: Sort): Promise<string> {
  const [row] = await db(table).where(where).count({ total: '*' });
  const half = Math.floor(Number(row?.total) / 2);
  const [id] = await db(table)
    .where(where)
    .orderBy(order, direction)
    .orderBy('id', direction)
    .offset(half)
    .limit(1)
    .pluck('id');
  return id as string;
}

async function readPage(service: Service, list: List, path: string): Promise<void> {
  const body = (await service.get(path)) as Readonly<Record<string, readonly unknown[]>>;
  const got = body[list.what]?.length;
  if (got !== pageSize) throw new Error(`${path} has ${got} ${list.what}: ${JSON.stringify(body).slice(0, 200)}`);
}

interface Database {
  readonly kind: string;
  /** CPU time of its processes, if it has any of its own. */
  cpuUs(): number;
}

/** CPU time of a turn's pages, of this process and the database. */
async function cpuOf(service: Service, list: List, path: string, database: Database): Promise<number> {
  const [before, databaseBefore] = [process.cpuUsage(), database.cpuUs()];
  for (let n = 0; n < pagesATurn; n += 1) await readPage(service, list, path);
  const { user, system } = process.cpuUsage(before);
  return user + system + database.cpuUs() - databaseBefore;
}

async function compareSort(service: Service, list: List, sort: Sort, database: Database): Promise<void> {
  const first = `${list.path}?${sort.query}limit=${pageSize}`;
  const middle = `${first}&marker=${await middleOf(service.db, list, sort)}`;
  for (const path of [first, middle]) await cpuOf(service, list, path, database); // warm-up
  const costs: (readonly [first: number, middle: number])[] = [];
  for (let turn = 0; turn < turns; turn += 1)
    costs.push([await cpuOf(service, list, first, database), await cpuOf(service, list, middle, database)]);
  const [firstUs, middleUs] = [median(costs.map(([us]) => us)), median(costs.map(([, us]) => us))];
  const ms = (us: number) => (us / 1000 / pagesATurn).toFixed(1);
  printLine({
    what: `${list.what}, ${sort.name}: the middle page`,
    figure: `${ms(middleUs)} ms CPU`,
    control: `first page ${ms(firstUs)} ms CPU`,
    target: { value: middleUs / firstUs, atMost: mostRatio, unit: 'x' },
  });
}

async function onDatabase(database: Database, t: Pick<TestContext, 'after'>): Promise<void> {
  title(`Pages of ${pageSize} in long lists, ${database.kind}`);
  for (const list of lists) {
    const service = await list.start(t);
    await fill(service.db, list);
    for (const sort of list.sorts) await compareSort(service, list, sort, database);
  }
}

/** Ends in reverse what was started, all of it: a database must not stay behind a service that could not be closed. */
async function withEnds(work: (t: Pick<TestContext, 'after'>) => Promise<void>): Promise<void> {
  const ends: (() => unknown)[] = [];
  try {
    await work({ after: (end) => void ends.push(() => (end as () => unknown)()) });
  } finally {
    const failures: unknown[] = [];
    for (const end of ends.reverse()) await Promise.resolve(end()).catch((error: unknown) => failures.push(error));
    for (const error of failures) process.stderr.write(`${error}\n`);
  }
}

export async function benchLists(): Promise<void> {
  process.env.WATTLE_CHECK_ANSWERS = '0'; // checks cost the same in each page, and would hide a difference
  await withEnds((t) => onDatabase({ kind: 'sqlite', cpuUs: () => 0 }, t));
  if (noMariadb) return;
  await withEnds(async (t) => {
    const { adminUrl, port } = await startMariadb(t as { after(end: () => Promise<void>): void });
    process.env.WATTLE_TEST_MYSQL = adminUrl.replace(/\/$/, '');
    t.after(() => void delete process.env.WATTLE_TEST_MYSQL);
    const pids = listeningPids('127.0.0.1', port);
    await onDatabase({ kind: 'MariaDB', cpuUs: () => threadsCpuUs(pids) }, t);
  });
}
