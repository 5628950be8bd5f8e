/** Compute and two hosts in one process, for servers that are resized or move: see compute-world.ts. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ComputeAgent, computeAgent, type GuestSpec } from '#shared/contracts/compute-agent.ts';
import { openDatabase } from '#shared/db/open.ts';
import { Fault } from '#shared/errors/fault.ts';
import { startAgent } from '#shared/hosts/agent.ts';
import { silentLog } from '#shared/log/log.ts';
import { attach } from '../../services/compute/attachments/operations.ts';
import type { Compute } from '../../services/compute/context.ts';
import { evacuate } from '../../services/compute/server-migrations/evacuate.ts';
import { migrateLive } from '../../services/compute/server-migrations/migrate-live.ts';
import { confirm, migrate, resize, revert } from '../../services/compute/server-migrations/resize.ts';
import { launchServers } from '../../services/compute/servers/launch.ts';
import { removeServer } from '../../services/compute/servers/remove.ts';
import { findServer, type Server } from '../../services/compute/servers/store.ts';
import { imageId, networkId, until } from '../fakes/compute-cloud.ts';
import { caller, ended, madeGuest, openCloud, reportOf, volumeId } from './compute-process.ts';
import { effect, type World, watchCommits } from './world.ts';

const hosts = {
  kvm1: '56fdbf11-b2a4-4333-8a37-0db2b2ce8144',
  kvm2: '66fdbf11-b2a4-4333-8a37-0db2b2ce8144',
} as const;
type HostName = keyof typeof hosts;

/** `at`: the power of the guest on each host. `claims`: the memory that is allocated on each host. */
interface End {
  readonly server: object;
  readonly at: Readonly<Partial<Record<HostName, string>>>;
  readonly claims: Readonly<Partial<Record<HostName, number>>>;
  readonly ports: number;
  readonly attachments: number;
  readonly migration: string;
}

const free = { taskState: null, taskId: null };
const whole = { ports: 1, attachments: 1 };
const before = { ...whole, at: { kvm1: 'on' }, claims: { kvm1: 128 } };
const stories = {
  'a resize': {
    ...whole,
    server: { ...free, vmState: 'resized', host: 'kvm2', flavorId: '84', ramMb: 192 },
    at: { kvm1: 'off', kvm2: 'on' },
    claims: { kvm1: 128, kvm2: 192 },
    migration: 'finished',
  },
  'a resize that the other host refuses': {
    ...before,
    server: { ...free, vmState: 'active', host: 'kvm1', flavorId: '42', ramMb: 128 },
    migration: 'error',
  },
  'a resize on its host': {
    ...whole,
    server: { ...free, vmState: 'resized', host: 'kvm1', flavorId: '84', ramMb: 192 },
    at: { kvm1: 'on+backup' },
    claims: { kvm1: 320 },
    migration: 'finished',
  },
  'a resize on its host that fails': {
    ...before,
    server: { ...free, vmState: 'active', host: 'kvm1', flavorId: '42', ramMb: 128 },
    migration: 'error',
  },
  'a migration that is confirmed': {
    ...whole,
    server: { ...free, vmState: 'active', host: 'kvm2', flavorId: '42', ramMb: 128 },
    at: { kvm2: 'on' },
    claims: { kvm2: 128 },
    migration: 'confirmed',
  },
  'a migration that is reverted': {
    ...before,
    server: { ...free, vmState: 'active', host: 'kvm1', flavorId: '42', ramMb: 128 },
    migration: 'reverted',
  },
  'a resize on its host that is reverted': {
    ...before,
    server: { ...free, vmState: 'active', host: 'kvm1', flavorId: '42', ramMb: 128 },
    migration: 'reverted',
  },
  'a live migration': {
    ...whole,
    server: { ...free, vmState: 'active', host: 'kvm2', flavorId: '42', ramMb: 128 },
    at: { kvm2: 'on' },
    claims: { kvm2: 128 },
    migration: 'completed',
  },
  'a live migration that fails': {
    ...before,
    server: { ...free, vmState: 'active', host: 'kvm1', flavorId: '42', ramMb: 128 },
    migration: 'error',
  },
  'an evacuation from a host that returns': {
    ...whole,
    server: { ...free, vmState: 'active', host: 'kvm2', flavorId: '42', ramMb: 128 },
    at: { kvm2: 'on' },
    claims: { kvm2: 128 },
    migration: 'done',
  },
  'an evacuation that the other host refuses': {
    ...before,
    server: { ...free, vmState: 'active', host: 'kvm1', flavorId: '42', ramMb: 128 },
    migration: 'failed',
  },
  'a delete in the middle of a resize': {
    server: { ...free, vmState: 'deleted' },
    at: {},
    claims: {},
    ports: 0,
    attachments: 0,
    migration: 'any',
  },
} satisfies Record<string, End>;

type Story = keyof typeof stories;
type Chapter = (compute: Compute, server: Server) => Promise<unknown>;

const volumeOn: Chapter = (compute, server) => attach(compute, { caller, version: '2.93' }, server, { volumeId });
const resizeIt: Chapter = (compute, server) => resize(compute, caller, server, { flavorRef: '84' });
const migrateIt: Chapter = (compute, server) => migrate(compute, caller, server, null);
const liveIt: Chapter = (compute, server) =>
  migrateLive(compute, caller, server, { wantedHost: null, copyDisks: null });
const evacuateIt: Chapter = (compute, server) =>
  evacuate(compute, caller, server, { wantedHost: null, shared: false, adminPass: null, staysOff: false });
const chaptersOf: Readonly<Record<Story, readonly Chapter[]>> = {
  'a resize': [volumeOn, resizeIt],
  'a resize that the other host refuses': [volumeOn, resizeIt],
  'a resize on its host': [volumeOn, resizeIt],
  'a resize on its host that fails': [volumeOn, resizeIt],
  'a migration that is confirmed': [volumeOn, migrateIt, (compute, server) => confirm(compute, caller, server)],
  'a migration that is reverted': [volumeOn, migrateIt, (compute, server) => revert(compute, caller, server)],
  'a resize on its host that is reverted': [volumeOn, resizeIt, (compute, server) => revert(compute, caller, server)],
  'a live migration': [volumeOn, liveIt],
  'a live migration that fails': [volumeOn, liveIt],
  'an evacuation from a host that returns': [volumeOn, evacuateIt],
  'an evacuation that the other host refuses': [volumeOn, evacuateIt],
  'a delete in the middle of a resize': [volumeOn, resizeIt],
};

const guestDir = (dir: string, host: string) => join(dir, 'guests', host);
const guestFile = (dir: string, host: string, id: string) => join(guestDir(dir, host), id);

async function live(dir: string, name: string, point: () => void): Promise<void> {
  const story = name as Story;
  for (const host of Object.keys(hosts)) mkdirSync(guestDir(dir, host), { recursive: true });
  const stays = story.startsWith('a resize on its host');
  const config = { resizeToSameHost: stays };
  const { compute, placement, close } = await openCloud(dir, { point, imagePoint: () => {}, config });
  const { db, bus } = compute;
  const names = (Object.keys(hosts) as HostName[]).filter((host) => !stays || host === 'kvm1');
  const agents = new Map<HostName, ReturnType<typeof startAgent>>();
  const power = {
    on: (host: HostName) => {
      const driver = guestsAsFiles(compute, dir, { host, story, point });
      const parts = { contract: computeAgent, bus, host, driver, log: silentLog(), everyMs: 20 };
      agents.set(host, startAgent({ ...parts, report: reporter(dir, host) }));
    },
    off: async (host: HostName) => {
      await agents.get(host)?.close();
      agents.delete(host);
    },
  };
  const isLost = async () => (await db('services').where({ host: 'kvm1', forcedDown: true }).first()) !== undefined;
  const lost = await isLost();
  for (const host of names) if (host !== 'kvm1' || !lost) power.on(host);
  try {
    await until(() => placement.providers.size === names.length);
    watchCommits(db, point);
    if (story.startsWith('an evacuation')) await loseHost(compute, story, power, lost);
    else await send(compute, story);
    await ended(compute);
  } finally {
    for (const host of [...agents.keys()]) await power.off(host);
    await close();
  }
}

interface Power {
  on(host: HostName): void;
  off(host: HostName): Promise<void>;
}

/** The first host is lost before the last chapter, and returns after it. */
async function loseHost(compute: Compute, story: Story, power: Power, lost: boolean): Promise<void> {
  const { db } = compute;
  const force = (forcedDown: boolean) => db('services').where({ host: 'kvm1' }).update({ forcedDown });
  if (!lost) {
    await send(compute, story, chaptersOf[story].length - 1);
    await ended(compute);
    await power.off('kvm1');
    if (((await db('server_migrations')) as unknown[]).length === 0) await force(true);
  }
  if (((await db('server_migrations')) as unknown[]).length === 0) await send(compute, story);
  await until(async () => ((await db('tasks')) as unknown[]).length === 0, 20_000);
  await force(false);
  power.on('kvm1');
}

/** Skips chapters whose action exists already. */
async function send(compute: Compute, story: Story, count = chaptersOf[story].length): Promise<void> {
  const { db } = compute;
  const actions = async () => ((await db('actions')) as unknown[]).length;
  if ((await actions()) === 0) {
    const spec = {
      name: 'web',
      flavorRef: '42',
      imageRef: imageId,
      networks: [{ uuid: networkId }],
      availability_zone: 'nova:kvm1',
    };
    await launchServers(compute, caller, spec, {}, { version: '2.93', may: () => true, authorize: () => {} });
  }
  for (const [at, chapter] of chaptersOf[story].slice(0, count).entries()) {
    if (at > 0 && !story.startsWith('an evacuation')) await ended(compute);
    else await until(async () => ((await db('tasks')) as unknown[]).length === 0, 20_000);
    if ((await actions()) > at + 1) continue;
    const [{ id }] = (await db('servers')) as [{ id: string }];
    const server = await findServer(db, id);
    if (server) await chapter(compute, server);
  }
}

interface On {
  readonly host: HostName;
  readonly story: Story;
  readonly point: () => void;
}

/** The files have the power of a guest, and `+backup` while its disks are backed up. */
function guestsAsFiles(compute: Compute, dir: string, { host, story, point }: On): ComputeAgent {
  const file = (id: string) => guestFile(dir, host, id);
  const backup = (id: string) =>
    existsSync(file(id)) && readFileSync(file(id), 'utf8').endsWith('+backup') ? '+backup' : '';
  const isThere = (name: string) => name === 'kvm2' || story.startsWith('a resize on its host');
  const refuse = (spec: GuestSpec) => {
    const isNew = (spec.ramMb > 128 || story.startsWith('an evacuation')) && spec.power === 'on' && isThere(host);
    if (isNew && (story.endsWith('refuses') || story.endsWith('fails')))
      throw new Fault(500, 'unexpected', 'it failed in the middle');
  };
  return {
    ensureGuest: async (spec) => {
      await effect(point, () => writeFileSync(file(spec.id), spec.power + backup(spec.id)));
      refuse(spec);
      if (story.includes('a delete in the middle') && spec.ramMb > 128) {
        const server = await findServer(compute.db, spec.id);
        if (server) await removeServer(compute, caller, server);
      }
      return madeGuest(spec);
    },
    ensureGuestGone: ({ id }) => effect(point, () => rmSync(file(id), { force: true })),
    ensureDiskBackup: ({ serverId, state }) =>
      effect(point, () => {
        if (!existsSync(file(serverId))) return;
        const power = readFileSync(file(serverId), 'utf8').replace('+backup', '');
        writeFileSync(file(serverId), power + (state === 'kept' ? '+backup' : ''));
      }),
    offerGuest: async ({ serverId, live: isLive }) => {
      if (!isLive && readFileSync(file(serverId), 'utf8') !== 'off')
        throw new Fault(409, 'conflict', 'the guest is not off');
      return { address: 'fake:0', slots: {}, files: [] };
    },
    fetchGuest: ({ serverId }) => effect(point, () => writeFileSync(file(serverId), 'off')),
    receiveGuest: async ({ serverId }) => {
      const arrived = existsSync(file(serverId));
      if (!arrived) await effect(point, () => writeFileSync(file(serverId), 'paused'));
      return { address: 'fake:0', arrived };
    },
    sendGuest: async ({ serverId }) => {
      if (story.endsWith('that fails')) throw new Fault(500, 'unexpected', 'it failed in the middle');
      await effect(point, () => writeFileSync(file(serverId), 'paused'));
    },
    uploadSnapshot: async () => {},
  };
}

const reporter = (dir: string, host: HostName) => async () => {
  const powers = readdirSync(guestDir(dir, host)).map((id) => {
    const power = readFileSync(guestFile(dir, host, id), 'utf8').replace('+backup', '');
    return [id, power] as const;
  });
  return reportOf(hosts[host], host, Object.fromEntries(powers));
};

type Kept = [string, { providerId: string; resources: Record<string, number> }][];

/** The sweep completes an evacuation some time after the lost host has removed what it had. */
const statusOf = (story: string, status = ''): string =>
  story.startsWith('an evacuation') && status === 'completed' ? 'done' : status;

async function look(dir: string, story: string): Promise<End> {
  const db = openDatabase(`sqlite:${join(dir, 'db')}`);
  const [server] = (await db('servers').select()) as Server[];
  const [migration] = (await db('server_migrations').orderBy('sequence', 'desc').limit(1)) as { status: string }[];
  await db.destroy();
  const read = (name: string) => JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8')) as Kept;
  const claims: Partial<Record<HostName, number>> = {};
  const at: Partial<Record<HostName, string>> = {};
  for (const host of Object.keys(hosts) as HostName[]) {
    const held = read('claims').filter(([, { providerId }]) => providerId === hosts[host]);
    const ramMb = held.reduce((sum, [, { resources }]) => sum + (resources.MEMORY_MB ?? 0), 0);
    if (ramMb > 0) claims[host] = ramMb;
    for (const id of readdirSync(guestDir(dir, host))) at[host] = readFileSync(guestFile(dir, host, id), 'utf8');
  }
  const { vmState, taskState, taskId, host, flavorId, ramMb } = server ?? ({} as Server);
  const states = { vmState, taskState, taskId };
  return {
    server: vmState === 'deleted' ? states : { ...states, host, flavorId, ramMb: Number(ramMb) },
    at,
    claims,
    ports: read('ports').length,
    attachments: read('attachments').length,
    migration: story.includes('a delete in the middle') ? 'any' : statusOf(story, migration?.status),
  };
}

export const world: World = { stories, live, look };
