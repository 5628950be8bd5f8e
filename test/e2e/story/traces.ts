/** The state of a cloud beyond its API lists: processes, interfaces, files, open rows, usages, allocations. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '#shared/clients/session.ts';
import { databaseOf } from '#shared/config/cloud.ts';
import { openDatabase } from '#shared/db/open.ts';
import { findDirectory } from '../../../deploy/cloud/directory.ts';
import { layoutOf } from '../../../deploy/cloud/layout.ts';
import { findLeftovers } from '../../../deploy/cloud/leftovers.ts';
import { adminOf } from './api.ts';
import { type StoryCloud, until } from './cloud.ts';

/** Started with the first export; it runs as long as the agent, even without exports. */
const agentDaemon = 'tgtd';

/** One description each. Includes the external network and what every cloud has: compare with an earlier result. */
export async function tracesOf(cloud: StoryCloud): Promise<string[]> {
  const home = findDirectory(join(cloud.folder, 'var'));
  if (!home) throw new Error(`there is no cloud in ${cloud.folder}`);
  const left = await findLeftovers(home);
  return [
    ...left.processes.filter(({ name }) => name !== agentDaemon).map(({ name }) => `process ${name}`),
    ...left.namespaces.map((name) => `namespace ${name}`),
    ...left.links.map((name) => `link ${name}`),
    ...left.tables.map(({ family, name }) => `table ${family} ${name}`),
    ...filesOf(home.path).map((name) => `file ${name}`),
    ...(await openRows(home)),
    ...(await usages(adminOf(cloud))),
  ].toSorted();
}

/** The same once the cloud is idle and has its external network and the admin's default security group. */
export async function idleTracesOf(cloud: StoryCloud): Promise<string[]> {
  const admin = adminOf(cloud);
  await until('the external network is created', async () => {
    const { networks } = await admin.json<{ networks: unknown[] }>('network', '/v2.0/networks?name=public');
    return networks.length === 1;
  });
  await admin.json('network', '/v2.0/security-groups');
  return until('no work is open', async () => {
    const traces = await tracesOf(cloud);
    return traces.some((trace) => trace.startsWith(openWork)) ? undefined : traces;
  });
}

/** The rows of work that is not done. */
export async function openWorkOf(cloud: StoryCloud): Promise<string[]> {
  const home = findDirectory(join(cloud.folder, 'var'));
  if (!home) throw new Error(`there is no cloud in ${cloud.folder}`);
  return openRows(home);
}

/** Waits until the state equals `before`; fails with the difference after a minute. */
export async function waitForTraces(cloud: StoryCloud, before: readonly string[]): Promise<void> {
  for (const giveUp = Date.now() + 60_000; ; await sleep(250)) {
    const now = await tracesOf(cloud);
    if (Date.now() > giveUp) return assert.deepEqual(now, before);
    if (now.join() === before.join()) return;
  }
}

/** Directories of data. Tombstones, logs and the bounded image cache are left out. */
const dataDirectories = ['image', 'compute-agent/guests', 'volume-agent/file', 'volume-agent/exports', 'network-agent'];
const objects = /\.data$|\/tmp\/./;

function filesOf(home: string): string[] {
  const below = (place: string) => {
    const folder = join(home, place);
    const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(home, join(entry.parentPath, entry.name)));
  };
  return [...dataDirectories.flatMap(below), ...below('object-agent').filter((name) => objects.test(name))];
}

const openWork = 'not done in';

/** Tables of open work, by service. */
const workTables: Readonly<Record<string, readonly string[]>> = {
  compute: ['tasks', 'host_work'],
  volume: ['tasks', 'host_work'],
  network: ['statements', 'host_work', 'server_events'],
};

async function openRows(home: NonNullable<ReturnType<typeof findDirectory>>): Promise<string[]> {
  const { database = 'sqlite' } = (await layoutOf(home, false)).defaults;
  const rowsOf = async (service: string, table: string) => {
    const db = openDatabase(databaseOf({ database, var: home.path }, service));
    const rows = await db(table).where(table === 'host_work' ? { outcome: null } : {});
    await db.destroy();
    return rows.map((row) => `${openWork} ${service}: ${table} ${JSON.stringify(row)}`);
  };
  const all = Object.entries(workTables).flatMap(([service, tables]) => tables.map((table) => rowsOf(service, table)));
  return (await Promise.all(all)).flat();
}

/** Usages other than 0, in all APIs that report them. */
async function usages(admin: Session): Promise<string[]> {
  const { projects } = await admin.json<{ projects: { id: string }[] }>('identity', '/projects?name=admin');
  const project = projects[0]?.id ?? '';
  const { limits } = await admin.json<{ limits: { absolute: object } }>('compute', '/limits');
  const { quota_set } = await admin.json<{ quota_set: object }>('volumev3', `/os-quota-sets/${project}?usage=true`);
  const { quota } = await admin.json<{ quota: object }>('network', `/v2.0/quotas/${project}/details.json`);
  const account = (await admin.raw('object-store', '', { method: 'HEAD' })).headers;
  const used = (api: string, amounts: object, pattern: RegExp) =>
    Object.entries(amounts)
      .map(([name, each]) => [name, each?.in_use ?? each?.used ?? Number(each)] as const)
      .filter(([name, count]) => pattern.test(name) && count > 0)
      .map(([name, count]) => `${api} reports ${name}: ${count}`);
  return [
    ...used('compute', limits.absolute, /^total.+Used$/),
    ...used('volume', quota_set, /./),
    ...used('network', quota, /./),
    ...used('object-store', account, /^x-account-(bytes-used|\w+-count)$/),
    ...(await allocations(admin)),
  ];
}

async function allocations(admin: Session): Promise<string[]> {
  const path = '/resource_providers';
  const { resource_providers: all } = await admin.json<{ resource_providers: { uuid: string; name: string }[] }>(
    'placement',
    path,
  );
  const of = async ({ uuid, name }: (typeof all)[number]) => {
    const { allocations: held } = await admin.json<{ allocations: object }>('placement', `${path}/${uuid}/allocations`);
    const { usages: used } = await admin.json<{ usages: object }>('placement', `${path}/${uuid}/usages`);
    const numbers = Object.entries(used).flatMap(([resource, n]) => (n === 0 ? [] : [`${n} of ${resource}`]));
    return [...Object.keys(held).map((consumer) => `allocation of ${consumer}`), ...numbers].map(
      (what) => `host ${name}: ${what}`,
    );
  };
  return (await Promise.all(all.map(of))).flat();
}
