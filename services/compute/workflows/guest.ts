/** The guest of a server as its rows say it shall be, and who may ask its host for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { silentMs } from '#shared/bus/bus.ts';
import type { DiskSource, DiskWish, GuestState, GuestWish, NicWish } from '#shared/contracts/compute-agent.ts';
import { notFound } from '#shared/errors/fault.ts';
import { HostAway, orLeave } from '#shared/hosts/hosts.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { type Attachment, type Connection, listAttachments } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { agentBinary, listServices } from '../hosts/store.ts';
import { type Interface, listInterfaces } from '../interfaces/store.ts';
import { lockGuest, readServer, type Server } from '../servers/store.ts';
import { configDriveOf } from './documents.ts';

export interface OnServer {
  readonly serverId: string;
}

/** How the guest shall be; all else stands in its rows. */
export interface Want {
  readonly power: GuestWish['power'];
  /** Reboots it once. */
  readonly boot?: GuestWish['boot'];
  readonly adminPass?: string;
}

const lookMs = 50;
const lookLateMs = 1_000;

/**
 * A wish states the whole guest, so one task at a time may send it: the others wait here. A task keeps its turn
 * until it ends, and a turn whose task is gone is nobody's. A build has it from the beginning.
 */
export async function awaitTurn({ db }: Compute, serverId: string, run: Run): Promise<void> {
  for (let ms = lookMs; ; ms = Math.min(ms * 2, lookLateMs)) {
    const server = await readServer(db, serverId);
    if (!server) throw notFound('Instance', serverId);
    if (server.guestTaskId === run.taskId) return;
    if (await run.commit((tx) => lockGuest(tx, serverId, run.taskId))) return;
    await sleep(ms, undefined, { signal: run.signal });
  }
}

/** Asks the host for the whole guest. The first boot fetches an image, which takes as long as it takes. */
export async function ensureGuest(compute: Compute, server: Server, run: Run, want: Want): Promise<GuestState> {
  const { db, hosts, copiers } = compute;
  const host = server.host ?? '';
  const wish = await guestWish(compute, db, server, want);
  const agents = server.launchedAt === null ? copiers : hosts;
  return whileUp(compute, host, agents.on(host, run).ensureGuest(wish));
}

/** For clean-ups: a host that stays away finds this work when it returns. */
export async function ensureGuestGone(compute: Compute, server: Server, run: Run): Promise<void> {
  const { host, id } = server;
  if (host !== null) await orLeave(whileUp(compute, host, compute.hosts.on(host, run).ensureGuestGone({ id })));
}

const upEveryMs = 2_000;

/** The host's answer; or away, as soon as the host is known to be down rather than when its time is over. */
export async function whileUp<T>(compute: Compute, host: string, asking: Promise<T>): Promise<T> {
  const down = Promise.withResolvers<never>();
  const watch = setInterval(() => {
    void isDown(compute, host).then((is) => is && down.reject(new HostAway(host, compute.config.hostDownMs)));
  }, upEveryMs);
  asking.catch(() => {}); // when the host is away nobody hears it any more
  return Promise.race([asking, down.promise]).finally(() => clearInterval(watch));
}

async function isDown({ db, bus, config }: Compute, host: string): Promise<boolean> {
  const [service] = await listServices(db, { binary: agentBinary, host }).catch(() => []);
  if (!service) return false;
  return service.forcedDown || silentMs(bus, service.reportedAt) > config.hostDownMs;
}

export async function guestWish({ config }: Compute, db: Knex, server: Server, want: Want): Promise<GuestWish> {
  const attachments = await listAttachments(db, server.id);
  const interfaces = await listInterfaces(db, server.id);
  const { power, boot = { mark: server.bootMark, kind: server.bootKind }, adminPass } = want;
  return {
    id: server.id,
    vcpus: server.vcpus,
    ramMb: server.ramMb,
    power,
    boot,
    graceMs: config.shutdownMs,
    machine: server.machine,
    disks: [...ownDisks(server), ...attachments.filter(isThere).map(diskOf)],
    nics: interfaces.flatMap(nicOf),
    configDrive: server.configDrive ? configDriveOf(server, interfaces, attachments, adminPass) : null,
  };
}

const virtio = { bus: 'virtio' } as const;

/** What image and flavor give: root, ephemeral, swap. */
function ownDisks({ id, image, flavor }: Server): DiskWish[] {
  const disks: DiskWish[] = [];
  if (image !== null) {
    const source: DiskSource = { kind: 'image', imageId: image.id, format: image.format };
    const sizeGb = flavor.diskGb || image.sizeGb;
    disks.push({ id: 'root', source, sizeGb, bootIndex: 0, serial: id, ...virtio });
  }
  const blank = (name: string, sizeGb: number): DiskWish => ({
    id: name,
    source: { kind: 'blank' },
    sizeGb,
    bootIndex: null,
    serial: name,
    ...virtio,
  });
  if (flavor.ephemeralGb > 0) disks.push(blank('ephemeral0', flavor.ephemeralGb));
  if (flavor.swapMb > 0) disks.push(blank('swap', flavor.swapMb / 1024));
  return disks;
}

const isThere = ({ state, destination, connection }: Attachment) =>
  state !== 'detaching' && (destination === 'local' || connection !== null);

function diskOf(attachment: Attachment): DiskWish {
  const { id, place, destination, volumeId, sizeGb, bootIndex, bus, connection } = attachment;
  const base = { sizeGb, bootIndex, bus };
  if (destination === 'local') return { ...base, id: `ephemeral${place + 1}`, serial: id, source: { kind: 'blank' } };
  return { ...base, id: volumeId ?? '', serial: volumeId ?? '', source: iscsiOf(connection as Connection) };
}

function iscsiOf({ data }: Connection): DiskSource {
  return {
    kind: 'iscsi',
    portal: String(data.target_portal),
    iqn: String(data.target_iqn),
    lun: Number(data.target_lun),
    user: String(data.auth_username ?? ''),
    secret: String(data.auth_password ?? ''),
  };
}

function nicOf({ state, portId, port }: Interface): NicWish[] {
  if (port === null || portId === null || state === 'detaching') return [];
  const { mac, mtu, tap, bridge } = port;
  return [{ portId, mac, mtu, tap, bridge }];
}
