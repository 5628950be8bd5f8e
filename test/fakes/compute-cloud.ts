/** The compute service on fakes: its API and runner, fake hosts, and clients of other services in memory. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Authenticated } from '#shared/auth/caller.ts';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import type { Header } from '#shared/auth/token-keys.ts';
import type { Bus } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import {
  type ComputeAgent,
  type ComputeReport,
  computeAgent,
  type GuestSpec,
} from '#shared/contracts/compute-agent.ts';
import { openDatabase } from '#shared/db/open.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { startAgent } from '#shared/hosts/agent.ts';
import { silentLog } from '#shared/log/log.ts';
import { sealWith } from '#shared/seal/seal.ts';
import { type Config, section } from '../../services/compute/config.ts';
import type { Compute } from '../../services/compute/context.ts';
import type { Fencing } from '../../services/compute/drivers/fencing/fencing.ts';
import { openCompute } from '../../services/compute/service.ts';
import { fakeCaller } from './caller.ts';
import { fakeImages, fakeNetwork, fakePlacement, fakeVolumes } from './compute-clients.ts';
import { until } from './until.ts';

export { until };

export const projectId = 'f8166a312b1847b3bca037ce0ff7f694';
export const imageId = '2e57c66b-ab52-40b4-9f99-840e2a6cd86a';
export const networkId = '1e9dadb8-2f64-446f-be04-3cf1108345c9';

/** Replaces tokens: headers name the caller's project and roles. */
const identify = async (header: Header, requestId: string): Promise<Authenticated> => {
  const roles = header('x-role');
  if (!roles) throw unauthorized();
  return fakeCaller({
    userId: header('x-user') ?? 'e5ff89e4aaaf429ea24c2b92d153367a',
    projectId: header('x-project') ?? projectId,
    roles: roles.split(','),
    requestId,
  });
};

export const defaultConfig = Object.fromEntries(
  Object.entries(section).map(([name, { fallback }]) => [name, fallback]),
) as Config;

/** On sqlite, or on a server: WATTLE_TEST_MYSQL is mysql://user:password@host:port. */
function databaseForTests(): string {
  const server = process.env.WATTLE_TEST_MYSQL;
  return server ? `${server}/wattle_c_${randomUUID().slice(0, 8)}` : 'sqlite::memory:';
}

interface Options {
  readonly fencing?: Fencing;
  readonly policySettings?: PolicySettings;
  readonly config?: Partial<Config>;
  readonly bus?: Bus;
  readonly database?: string;
  readonly clients?: Partial<Pick<Compute, 'images' | 'network' | 'volumes' | 'placement'>>;
}

export interface Asked {
  readonly role?: string;
  readonly project?: string;
  readonly version?: string;
  readonly user?: string;
  readonly body?: unknown;
}

export type Json = Record<string, never> & { [key: string]: never };

export async function startCloud(t: Pick<TestContext, 'after'>, options: Options = {}) {
  const { bus = memoryBus(), database = databaseForTests() } = options;
  const db = openDatabase(database);
  const [images, network, volumes, placement] = [fakeImages(), fakeNetwork(), fakeVolumes(), fakePlacement()];
  fill(images, network);
  const secrets = mkdtempSync(join(tmpdir(), 'secrets-'));
  const config = {
    ...defaultConfig,
    pollMs: 50,
    backoffMs: 5,
    answerMs: 5_000,
    refreshMs: 3_600_000,
    ...options.config,
  };
  const { compute, endpoint, close } = await openCompute({
    runtime: {
      db,
      bus,
      log: silentLog(),
      config,
      seal: sealWith(join(secrets, 'row-keys')),
      images,
      network,
      volumes,
      placement,
      ...options.clients,
      cloud: { id: 'test', consoleUrl: 'http://console/vnc_lite.html' },
    },
    apiServer: {
      identify,
      at: { host: '127.0.0.1', port: 0 },
      log: silentLog(),
      ...(options.policySettings ? { policySettings: options.policySettings } : {}),
    },
    ...(options.fencing ? { fencing: options.fencing } : {}),
    identityUrl: 'http://identity',
    host: 'controller',
    consoleAt: { host: '127.0.0.1', port: 0 },
  });
  const ends = [() => rm(secrets, { recursive: true }), () => db.destroy(), close];
  t.after(async () => {
    for (const end of ends.reverse()) await end();
  });

  const ask = async (method: string, path: string, asked: Asked = {}) => {
    const { role = 'admin,member,reader', project = projectId, version, user, body } = asked;
    const answer = await fetch(`${endpoint.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'x-role': role,
        'x-project': project,
        ...(user ? { 'x-user': user } : {}),
        ...(version ? { 'openstack-api-version': `compute ${version}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: (text === '' ? null : JSON.parse(text)) as Shown };
  };
  const show = async (id: string, version = '2.100') =>
    (await ask('GET', `/v2.1/servers/${id}`, { version })).body?.server as Shown;

  return {
    compute,
    url: endpoint.url,
    images,
    network,
    volumes,
    placement,
    ask,
    show,
    /** A host with capacity; without a driver it applies every spec. */
    startHost: (driver: Partial<ComputeAgent> = {}, name = 'kvm1', more: Partial<ComputeReport> = {}, line = bus) => {
      const host = fakeHost(line, name, driver, more);
      ends.push(host.close);
      return host;
    },
    launch: async (settings: object = {}, asked: Asked = {}) => {
      const server = { name: 'web', flavorRef: '42', imageRef: imageId, networks: [{ uuid: networkId }], ...settings };
      return ask('POST', '/v2.1/servers', { version: '2.93', body: { server }, ...asked });
    },
    act: (id: string, body: object, asked: Asked = {}) => ask('POST', `/v2.1/servers/${id}/action`, { ...asked, body }),
    /** The server when it has no task. */
    ended: async (id: string) => {
      await until(async () => (await show(id))['OS-EXT-STS:task_state'] === null);
      return show(id);
    },
    isGone: (id: string) => until(async () => (await ask('GET', `/v2.1/servers/${id}`)).status === 404),
    openTasks: async () => ((await db('tasks')) as unknown[]).length,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads responses as a client does
export type Shown = any;

export function fill(images: ReturnType<typeof fakeImages>, network: ReturnType<typeof fakeNetwork>): void {
  const gb = 1024 ** 3;
  images.all.set(imageId, {
    id: imageId,
    name: 'guest',
    status: 'active',
    disk_format: 'qcow2',
    container_format: 'bare',
    size: 17_000_000,
    virtual_size: gb / 10,
    checksum: null,
    min_disk: 0,
    min_ram: 0,
    owner: projectId,
    visibility: 'shared',
    os_distro: 'tiny',
  });
  const subnet = 'aaaaaaaa-2f64-446f-be04-3cf1108345c9';
  network.networks.set(networkId, { id: networkId, name: 'blue', project_id: projectId, subnets: [subnet], mtu: 1450 });
  network.subnets.set(subnet, {
    id: subnet,
    network_id: networkId,
    cidr: '10.7.0.0/16',
    ip_version: 4,
    gateway_ip: '10.7.0.1',
    enable_dhcp: true,
    dns_nameservers: [],
    host_routes: [],
  });
  network.groups.set('g1', { id: 'g1', name: 'default', project_id: projectId });
  network.groups.set('g2', { id: 'g2', name: 'web', project_id: projectId });
}

function fakeHost(bus: Bus, name: string, driver: Partial<ComputeAgent>, more: Partial<ComputeReport>) {
  const guests = new Map<string, GuestSpec>();
  const told = new Map<string, ComputeReport['guests'][number]>();
  const whole: ComputeAgent = {
    ensureGuest: async (settings) => {
      guests.set(settings.id, settings);
      told.delete(settings.id);
      const letters = 'abcdefghijklmnopqrstuvwxyz';
      return {
        id: settings.id,
        power: settings.power,
        machine: { type: 'pc-q35-7.2', cpu: 'max', accelerator: 'tcg' },
        devices: Object.fromEntries(
          settings.disks.map(({ id, bus }, at) => [id, `${bus === 'scsi' ? 'sd' : 'vd'}${letters[at]}`]),
        ),
      };
    },
    ensureGuestGone: async ({ id }) => {
      guests.delete(id);
    },
    uploadSnapshot: async () => {},
    ensureDiskBackup: async () => {},
    offerGuest: async () => ({ address: 'fake:0', slots: {}, files: [] }),
    receiveGuest: async ({ guest }) => {
      const arrived = guests.has(guest.id);
      guests.set(guest.id, { ...guest, power: 'paused' });
      return { address: 'fake:0', arrived };
    },
    sendGuest: async () => {},
    fetchGuest: async ({ guest }) => {
      guests.set(guest.id, { ...guest, power: 'off' });
    },
    ...driver,
  };
  const report = async (): Promise<ComputeReport> => ({
    hostId: hostIds.get(name) ?? hostIds.set(name, randomUUID()).get(name) ?? '',
    hostname: name,
    address: '127.0.0.1',
    vcpus: 1000,
    ramMb: 1_000_000,
    diskGb: 10_000,
    freeDiskGb: 9_000,
    usedRamMb: 100,
    hypervisor: { type: 'fake', version: 1000 },
    accelerator: 'fake',
    cpu: { arch: 'x86_64', model: 'Nehalem', features: [] },
    ...more,
    guests: [...guests.values()].map(({ id, power }) => told.get(id) ?? { id, power, reason: null }),
  });
  const agent = startAgent({
    contract: computeAgent,
    bus,
    host: name,
    driver: whole,
    log: silentLog(),
    everyMs: 100,
    report,
  });
  return {
    guests,
    /** Reports a change of the guest without a spec. */
    send: (id: string, power: 'on' | 'off' | 'paused' | 'crashed', reason: string | null) => {
      told.set(id, { id, power, reason });
      agent.wake();
    },
    wake: agent.wake,
    close: agent.close,
  };
}

const hostIds = new Map<string, string>();

export type Cloud = Awaited<ReturnType<typeof startCloud>>;

/** An available volume of one gigabyte, which any server may attach. */
export const volumeId = '809b62a7-7a6e-40b1-ac43-8c00a3bf314a';
export const addVolume = (cloud: Cloud, id = volumeId, more: object = {}) =>
  cloud.volumes.volumes.set(id, { id, name: 'data', size: 1, status: 'available', bootable: 'false', ...more });

/** A cloud with one host that has reported. */
export async function cloudWithHost(t: Parameters<typeof startCloud>[0], ...host: Parameters<Cloud['startHost']>) {
  const cloud = await startCloud(t);
  const agent = cloud.startHost(...host);
  await until(() => cloud.placement.providers.size === 1);
  return { cloud, agent };
}

/** Launches a server and waits until its build has ended. */
export const launched = async (cloud: Cloud, settings: object = {}) => {
  const { status, body } = await cloud.launch(settings);
  assert.equal(status, 202, JSON.stringify(body));
  return cloud.ended(body.server.id);
};
