/** Compute and one host in one process. The state of the host and of other services is in files; the process can be killed at each effect. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ComputeAgent, computeAgent, type GuestSpec } from '#shared/contracts/compute-agent.ts';
import { openDatabase } from '#shared/db/open.ts';
import { Fault } from '#shared/errors/fault.ts';
import { startAgent } from '#shared/hosts/agent.ts';
import { silentLog } from '#shared/log/log.ts';
import { attach, detach } from '../../services/compute/attachments/operations.ts';
import type { Compute } from '../../services/compute/context.ts';
import { attach as plug, detach as unplug } from '../../services/compute/interfaces/operations.ts';
import { snapshot } from '../../services/compute/servers/actions/create-image.ts';
import { pause } from '../../services/compute/servers/actions/pause.ts';
import { rebootHard } from '../../services/compute/servers/actions/reboot.ts';
import { beginRebuild } from '../../services/compute/servers/actions/rebuild.ts';
import { beginRescue, beginUnrescue } from '../../services/compute/servers/actions/rescue.ts';
import { beginRestore } from '../../services/compute/servers/actions/restore.ts';
import { beginShelve, beginUnshelve } from '../../services/compute/servers/actions/shelve.ts';
import { stop } from '../../services/compute/servers/actions/stop.ts';
import { resume, suspend } from '../../services/compute/servers/actions/suspend.ts';
import { launchServers } from '../../services/compute/servers/launch.ts';
import { deleteOrKeep, removeServer } from '../../services/compute/servers/remove.ts';
import { findServer, type Server } from '../../services/compute/servers/store.ts';
import type { fakeImages } from '../fakes/compute-clients.ts';
import { imageId, networkId, until } from '../fakes/compute-cloud.ts';
import { caller, ended, madeGuest, openCloud, reportOf, volumeId } from './compute-process.ts';
import { effect, type World, watchCommits } from './world.ts';

type Story = keyof typeof stories;
const whole = { ports: 1, claims: 1, guests: 1, attachments: 0, images: 1 };
const nothing = { ports: 0, claims: 0, guests: 0, attachments: 0, images: 1 };
const states = (vmState: string, power: string | null) => [{ vmState, taskState: null, taskId: null, power }];
const stories = {
  'a build': { ...whole, servers: states('active', 'on') },
  'a build that its host refuses': { ...nothing, servers: states('error', null) },
  'a build that is deleted in the middle': { ...nothing, servers: states('deleted', null) },
  'a build with a volume that its host refuses': { ...nothing, servers: states('error', null) },
  'a stop': { ...whole, servers: states('stopped', 'off') },
  'a hard reboot': { ...whole, servers: states('active', 'on') },
  'a pause': { ...whole, servers: states('paused', 'paused') },
  'a suspension': { ...whole, servers: states('suspended', 'suspended') },
  'a resumption': { ...whole, servers: states('active', 'on') },
  'a rebuild': { ...whole, servers: states('active', 'on') },
  'a rebuild that its host refuses': { ...whole, servers: states('error', 'off') },
  'a rescue': { ...whole, servers: states('rescued', 'on') },
  'an unrescue': { ...whole, servers: states('active', 'on') },
  'a soft delete': { ...whole, servers: states('soft-delete', 'off') },
  'a restoration': { ...whole, servers: states('active', 'on') },
  'a shelved server': { ...whole, claims: 0, guests: 0, images: 2, servers: states('shelved_offloaded', null) },
  'an unshelved server': { ...whole, servers: states('active', 'on') },
  'a shelved server that is deleted': { ...nothing, servers: states('deleted', null) },
  'a snapshot': { ...whole, images: 2, servers: states('active', 'on') },
  'a snapshot that fails': { ...whole, servers: states('active', 'on') },
  'an attached volume': { ...whole, attachments: 1, servers: states('active', 'on') },
  'a volume that its host refuses': { ...whole, servers: states('active', 'on') },
  'a detached volume': { ...whole, servers: states('active', 'on') },
  'an attached NIC': { ...whole, ports: 2, servers: states('active', 'on') },
  'a detached NIC': { ...nothing, guests: 1, claims: 1, servers: states('active', 'on') },
  'a delete with a volume': { ...nothing, servers: states('deleted', null) },
};

const guestDir = (dir: string) => join(dir, 'guests');
const guestFile = (dir: string, id: string) => join(guestDir(dir), id);

/** What a story does after the build. Each chapter runs once: its action row shows that it ran. */
type Chapter = (compute: Compute, server: Server) => Promise<unknown>;
const volumeOn: Chapter = (compute, server) => attach(compute, { caller, version: '2.93' }, server, { volumeId });
/** The refusal may come before the request has seen the reservation: then it is the answer. */
const refusedVolumeOn: Chapter = (compute, server) =>
  Promise.resolve(volumeOn(compute, server)).catch((error: unknown) => {
    if (!(error instanceof Fault && error.status === 400)) throw error;
  });
const rebuilt: Chapter = (compute, server) =>
  beginRebuild(compute, { caller, version: '2.93' }, server, { imageRef: imageId }, 'pass');
const rescued: Chapter = async (compute, server) => server.image && beginRescue(compute, caller, server, server.image);
const shelved: Chapter = (compute, server) => beginShelve(compute, caller, server);
const softDeleted: Chapter = (compute, server) => deleteOrKeep(withReclaim(compute), caller, server);
const withReclaim = (compute: Compute): Compute => ({
  ...compute,
  config: { ...compute.config, reclaimMs: 3_600_000 },
});
const chapters: Partial<Record<Story, readonly Chapter[]>> = {
  'a stop': [(compute, server) => stop.begin(compute, caller, server)],
  'a hard reboot': [(compute, server) => rebootHard(compute, caller, server)],
  'a pause': [(compute, server) => pause.begin(compute, caller, server)],
  'a suspension': [(compute, server) => suspend.begin(compute, caller, server)],
  'a resumption': [
    (compute, server) => suspend.begin(compute, caller, server),
    (compute, server) => resume.begin(compute, caller, server),
  ],
  'a rebuild': [rebuilt],
  'a rebuild that its host refuses': [rebuilt],
  'a rescue': [rescued],
  'an unrescue': [rescued, (compute, server) => beginUnrescue(compute, caller, server)],
  'a soft delete': [softDeleted],
  'a restoration': [softDeleted, (compute, server) => beginRestore(compute, caller, server)],
  'a shelved server': [shelved],
  'an unshelved server': [shelved, (compute, server) => beginUnshelve(compute, caller, server)],
  'a shelved server that is deleted': [shelved, (compute, server) => removeServer(compute, caller, server)],
  'a snapshot': [(compute, server) => snapshot(compute, caller, server, { name: 'snap' })],
  'a snapshot that fails': [(compute, server) => snapshot(compute, caller, server, { name: 'snap' })],
  'an attached volume': [volumeOn],
  'a volume that its host refuses': [refusedVolumeOn],
  'a detached volume': [volumeOn, (compute, server) => detach(compute, caller, server, volumeId)],
  'an attached NIC': [(compute, server) => plug(compute, caller, server, { net_id: networkId }, () => true)],
  'a detached NIC': [
    async (compute, server) => {
      const [nic] = (await compute.db('interfaces').where({ serverId: server.id })) as { portId: string }[];
      if (nic) await unplug(compute, caller, server, nic.portId);
    },
  ],
  'a delete with a volume': [volumeOn, (compute, server) => removeServer(compute, caller, server)],
};

async function live(dir: string, story: string, point: () => void): Promise<void> {
  mkdirSync(guestDir(dir), { recursive: true });
  const { compute, images, placement, close } = await openCloud(dir, { point, imagePoint: point });
  const { db, bus } = compute;
  const driver = guestsAsFiles(compute, images, dir, story as Story, point);
  const agent = startAgent({
    contract: computeAgent,
    bus,
    host: 'kvm1',
    driver,
    log: silentLog(),
    everyMs: 20,
    report: reporter(dir),
  });
  try {
    await until(() => placement.providers.size === 1);
    watchCommits(db, point);
    await send(compute, story as Story);
    await ended(compute);
  } finally {
    await agent.close();
    await close();
  }
}

/** Skips chapters whose action exists already. */
async function send(compute: Compute, story: Story): Promise<void> {
  const { db } = compute;
  const actions = async () => ((await db('actions')) as unknown[]).length;
  if ((await actions()) === 0) {
    const withVolume = story === 'a build with a volume that its host refuses';
    const disks = withVolume
      ? { block_device_mapping_v2: [{ uuid: volumeId, source_type: 'volume' as const, boot_index: -1 }] }
      : {};
    const spec = { name: 'web', flavorRef: '42', imageRef: imageId, networks: [{ uuid: networkId }], ...disks };
    await launchServers(compute, caller, spec, {}, { version: '2.93', may: () => true, authorize: () => {} });
  }
  for (const [at, chapter] of (chapters[story] ?? []).entries()) {
    await ended(compute);
    if ((await actions()) > at + 1) continue;
    const [{ id }] = (await db('servers')) as [{ id: string }];
    const server = await findServer(db, id);
    if (server) await chapter(compute, server);
  }
}

function guestsAsFiles(
  compute: Compute,
  images: ReturnType<typeof fakeImages>,
  dir: string,
  story: Story,
  point: () => void,
): ComputeAgent {
  const write = (spec: GuestSpec) => writeFileSync(guestFile(dir, spec.id), spec.power);
  return {
    ensureGuest: async (spec) => {
      await effect(point, () => write(spec));
      if (story.startsWith('a build') && story.endsWith('its host refuses'))
        throw new Fault(500, 'unexpected', 'it failed in the middle');
      if (story === 'a rebuild that its host refuses' && spec.generation && spec.power === 'on')
        throw new Fault(500, 'unexpected', 'it failed in the middle');
      const refusesDisk = story === 'a volume that its host refuses' && spec.disks.length > 1;
      if (refusesDisk) throw new Fault(500, 'unexpected', 'no such disk');
      if (story === 'a build that is deleted in the middle') {
        const server = await findServer(compute.db, spec.id);
        if (server) await removeServer(compute, caller, server);
      }
      return madeGuest(spec);
    },
    ensureGuestGone: ({ id }) => effect(point, () => rmSync(guestFile(dir, id), { force: true })),
    ensureDiskBackup: notHere,
    offerGuest: notHere,
    fetchGuest: notHere,
    receiveGuest: notHere,
    sendGuest: notHere,
    uploadSnapshot: async (spec) => {
      if (story === 'a snapshot that fails') throw new Fault(500, 'unexpected', 'the disk is full');
      const image = images.all.get(spec.imageId);
      if (image) images.all.set(image.id, { ...image, status: 'active' });
    },
  };
}

const notHere = async (): Promise<never> => {
  throw new Error('servers of this world do not move');
};

const reporter = (dir: string) => async () =>
  reportOf(
    '56fdbf11-b2a4-4333-8a37-0db2b2ce8144',
    'kvm1',
    Object.fromEntries(readdirSync(guestDir(dir)).map((id) => [id, readFileSync(guestFile(dir, id), 'utf8')])),
  );

async function look(dir: string): Promise<unknown> {
  const db = openDatabase(`sqlite:${join(dir, 'db')}`);
  const rows = (await db('servers').select('id', 'vmState', 'taskState', 'taskId')) as Server[];
  await db.destroy();
  const size = (name: string) => {
    const file = join(dir, `${name}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as unknown[]).length : 0;
  };
  /** A request that was killed before its response may leave a queued image, as in Nova. */
  const active = (name: string) => {
    const kept = JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8')) as [string, { status: string }][];
    return kept.filter(([, { status }]) => status === 'active').length;
  };
  const powerOf = (id: string) => (existsSync(guestFile(dir, id)) ? readFileSync(guestFile(dir, id), 'utf8') : null);
  return {
    ports: size('ports'),
    claims: size('claims'),
    guests: readdirSync(guestDir(dir)).length,
    attachments: size('attachments'),
    images: active('images'),
    servers: rows.map(({ id, ...states_ }) => ({ ...states_, power: powerOf(id) })),
  };
}

export const world: World = { stories, live, look };
