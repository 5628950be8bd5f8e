/** What a cloud has beyond its lists: processes, interfaces, files, open rows, what usages and allocations say. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '#shared/clients/session.ts';
import { openDatabase } from '#shared/db/open.ts';
import { findDirectory } from '../../../deploy/cloud/directory.ts';
import { layoutOf } from '../../../deploy/cloud/layout.ts';
import { findLeftovers } from '../../../deploy/cloud/leftovers.ts';
import { adminOf } from './api.ts';
import { type StoryCloud, until } from './cloud.ts';

/** It begins with the first export, and stays without any as long as the agent. */
const agentsOwn = 'tgtd';

/** One sentence each. The way outside, and what every cloud has, is among them: compare with the beginning. */
export async function tracesOf(cloud: StoryCloud): Promise<string[]> {
  const home = findDirectory(join(cloud.folder, 'var'));
  if (!home) throw new Error(`no cloud was started in ${cloud.folder}`);
  const left = await findLeftovers(home);
  return [
    ...left.processes.filter(({ name }) => name !== agentsOwn).map(({ name }) => `process ${name}`),
    ...left.namespaces.map((name) => `namespace ${name}`),
    ...left.links.map((name) => `link ${name}`),
    ...left.tables.map(({ family, name }) => `table ${family} ${name}`),
    ...filesOf(home.path).map((name) => `file ${name}`),
    ...(await openRows(home)),
    ...(await usages(adminOf(cloud))),
  ].toSorted();
}

/** The same, of a cloud that is idle and has what comes by itself: the way outside, and the admin's default group. */
export async function finalTracesOf(cloud: StoryCloud): Promise<string[]> {
  const admin = adminOf(cloud);
  await until('the way outside is made', async () => {
    const { networks } = await admin.json<{ networks: unknown[] }>('network', '/v2.0/networks?name=public');
    return networks.length === 1;
  });
  await admin.json('network', '/v2.0/security-groups');
  return until('nothing is under way', async () => {
    const traces = await tracesOf(cloud);
    return traces.some((trace) => trace.startsWith(open)) ? undefined : traces;
  });
}

/** Waits until all is as it was; what is there still, or is no more, is the failure. */
export async function returnsTo(cloud: StoryCloud, before: readonly string[]): Promise<void> {
  for (const giveUp = Date.now() + 60_000; ; await sleep(250)) {
    const now = await tracesOf(cloud);
    if (Date.now() > giveUp) return assert.deepEqual(now, before);
    if (now.join() === before.join()) return;
  }
}

/** Where the bytes of a cloud are. History stays: tombstones, logs, and the cache of images, which has a bound. */
const places = ['image', 'compute-agent/guests', 'volume-agent/file', 'volume-agent/exports', 'network-agent'];
const objects = /\.data$|\/tmp\/./;

function filesOf(home: string): string[] {
  const below = (place: string) => {
    const folder = join(home, place);
    const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(home, join(entry.parentPath, entry.name)));
  };
  return [...places.flatMap(below), ...below('object-agent').filter((name) => objects.test(name))];
}

const open = 'not done in';

/** Work that is not done: of services that have such work. */
const work: Readonly<Record<string, readonly string[]>> = {
  compute: ['tasks', 'host_work'],
  volume: ['tasks', 'host_work'],
  network: ['statements', 'host_work', 'server_events'],
};

async function openRows(home: NonNullable<ReturnType<typeof findDirectory>>): Promise<string[]> {
  const server = (await layoutOf(home, false)).defaults.database;
  const rowsOf = async (service: string, table: string) => {
    const db = openDatabase(server ? `${server}/wattle_${service}` : `sqlite:${join(home.path, 'db', service)}.sqlite`);
    const rows = await db(table).where(table === 'host_work' ? { outcome: null } : {});
    await db.destroy();
    return rows.map((row) => `${open} ${service}: ${table} ${JSON.stringify(row)}`);
  };
  const all = Object.entries(work).flatMap(([service, tables]) => tables.map((table) => rowsOf(service, table)));
  return (await Promise.all(all)).flat();
}

/** What is not 0. */
async function usages(admin: Session): Promise<string[]> {
  const { projects } = await admin.json<{ projects: { id: string }[] }>('identity', '/projects?name=admin');
  const project = projects[0]?.id ?? '';
  const { limits } = await admin.json<{ limits: { absolute: object } }>('compute', '/limits');
  const { quota_set } = await admin.json<{ quota_set: object }>('volumev3', `/os-quota-sets/${project}?usage=true`);
  const { quota } = await admin.json<{ quota: object }>('network', `/v2.0/quotas/${project}/details.json`);
  const account = (await admin.raw('object-store', '', { method: 'HEAD' })).headers;
  const says = (caller: string, amounts: object, pattern: RegExp) =>
    Object.entries(amounts)
      .map(([name, each]) => [name, each?.in_use ?? each?.used ?? Number(each)] as const)
      .filter(([name, used]) => pattern.test(name) && used > 0)
      .map(([name, used]) => `${caller} says ${name}: ${used}`);
  return [
    ...says('compute', limits.absolute, /^total.+Used$/),
    ...says('volume', quota_set, /./),
    ...says('network', quota, /./),
    ...says('object-store', account, /^x-account-(bytes-used|\w+-count)$/),
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
