/** A cloud whose parts are processes of their own, clients that use it at random, and what must hold of it afterwards. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Session } from '#shared/clients/session.ts';
import { adminOf, orUndefined } from '../e2e/story/api.ts';
import { fakeHosts, pipClient, type StoryCloud, startStoryCloud, until } from '../e2e/story/cloud.ts';
import { idleTracesOf, openWorkOf, waitForTraces } from '../e2e/story/traces.ts';
import { type State, stateOf, unsettled, violationsOf } from './invariants.ts';
import { type Client, openRecords, type Records, type ServerInput, useCloud } from './load.ts';
import type { Random } from './random.ts';

const clients = 4;
/** A host is declared down after 30 s, and broken work is retried after that. */
const idleMs = 180_000;

export interface UsedCloud {
  readonly cloud: StoryCloud;
  /** Of an administrator. */
  readonly session: Session;
  readonly records: Records;
  /** Resolves when `work` has ended, and the last request of the clients that use the cloud meanwhile. */
  useDuring(work: () => Promise<void>): Promise<void>;
  /** Nothing that was acknowledged is lost, nothing is doubled, stuck or left behind. */
  check(): Promise<void>;
}

export async function openUsedCloud(t: TestContext, random: Random): Promise<UsedCloud> {
  const cloud = await startStoryCloud(t, { split: true, client: pipClient(), env: fakeHosts });
  const admin = adminOf(cloud);
  const server = await createPrerequisites(admin);
  await admin.raw('object-store', '/thrash', { method: 'PUT' });
  const before = await idleTracesOf(cloud);
  const records = openRecords();
  const clientOf = (name: string): Client => ({
    ...{ name, server, records, random: random.branch(name), session: adminOf(cloud) },
    made: { servers: [], volumes: [] },
  });
  const useDuring = async (work: () => Promise<void>) => {
    const ending = new AbortController();
    const using = Array.from({ length: clients }, (_, n) => useCloud(clientOf(`client-${n}`), ending.signal));
    await work().finally(() => ending.abort());
    await Promise.all(using);
    t.diagnostic(`${records.counts.done} requests were done, ${records.counts.failed} failed`);
  };
  const check = async () => {
    await settled(cloud);
    const state = await stateOf(admin);
    assert.deepEqual(await violationsOf(admin, state, records), []);
    await removeAll(admin, state, records);
    await waitForTraces(cloud, before);
  };
  return { cloud, session: admin, records, useDuring, check };
}

/** Waits until the services answer, nothing changes any more and no work is open. */
async function settled(cloud: StoryCloud): Promise<void> {
  const admin = adminOf(cloud);
  let left: readonly string[] | undefined;
  const isIdle = async () => {
    const state = await orUndefined(stateOf(admin));
    left = state && [...unsettled(state), ...(await openWorkOf(cloud))];
    return left?.length === 0;
  };
  await until('the cloud is idle', isIdle, idleMs).catch((cause: unknown) => {
    throw new Error(`the cloud does not become idle: ${left?.join('; ') ?? 'no answer'}`, { cause });
  });
}

async function createPrerequisites(admin: Session): Promise<ServerInput> {
  const body = { name: 'blank', disk_format: 'raw', container_format: 'bare' };
  const image = await admin.json<{ id: string }>('image', '/v2/images', { method: 'POST', body });
  const headers = { 'content-type': 'application/octet-stream' };
  await admin.raw('image', `/v2/images/${image.id}/file`, { method: 'PUT', body: Buffer.alloc(4096), headers });
  const post = <T>(kind: string, input: object) =>
    admin.json<Record<string, T>>('network', `/v2.0/${kind}s`, { method: 'POST', body: { [kind]: input } });
  const { network } = await post<{ id: string }>('network', { name: 'blue' });
  await post('subnet', { network_id: network?.id, ip_version: 4, cidr: '10.9.0.0/24' });
  const { flavors } = await admin.json<{ flavors: { id: string; name: string }[] }>('compute', '/flavors');
  const flavorRef = flavors.find(({ name }) => name === 'm1.tiny')?.id ?? '';
  return { imageRef: image.id, flavorRef, networks: [{ uuid: network?.id }] };
}

/** Deletes all that the clients left, so that whatever stays is left behind. */
async function removeAll(admin: Session, { servers, volumes }: State, records: Records): Promise<void> {
  for (const { id } of servers) await admin.json('compute', `/servers/${id}`, { method: 'DELETE' });
  await until('the servers are gone', async () => (await stateOf(admin)).servers.length === 0);
  for (const { id } of volumes) await admin.json('volumev3', `/volumes/${id}`, { method: 'DELETE' });
  for (const path of records.objects.keys()) await admin.raw('object-store', path, { method: 'DELETE' });
}
