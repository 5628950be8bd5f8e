/** The volume service alone: its API, its runner, storage hosts on fakes or on files and a tgtd, images in memory. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Authenticated } from '#shared/auth/caller.ts';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import type { Header } from '#shared/auth/token-keys.ts';
import type { Bus } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import type { ExternalEvent } from '#shared/clients/compute.ts';
import type { Image } from '#shared/clients/image.ts';
import { readCloud } from '#shared/config/cloud.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { type VolumeAgent, type VolumeReport, volumeAgent } from '#shared/contracts/volume-agent.ts';
import { openDatabase } from '#shared/db/open.ts';
import { notFound, unauthorized } from '#shared/errors/fault.ts';
import { startAgent } from '#shared/hosts/agent.ts';
import { silentLog } from '#shared/log/log.ts';
import { sealWith } from '#shared/seal/seal.ts';
import { type Config, section } from '../../services/volume/config.ts';
import type { Volumes } from '../../services/volume/context.ts';
import { openVolumes } from '../../services/volume/service.ts';
import { backupsOf } from '../../services/volume-agent/drivers/backups/backups.ts';
import { memoryTarget } from '../../services/volume-agent/drivers/backups/target.ts';
import { openFake, openFakeExports } from '../../services/volume-agent/drivers/fake.ts';
import { registerCalls } from '../../services/volume-agent/messages.ts';
import { volumesOf } from '../../services/volume-agent/operations.ts';
import { fakeCaller } from '../fakes/caller.ts';
import { until } from '../fakes/until.ts';

export { until };

export const projectId = 'f8166a312b1847b3bca037ce0ff7f694';
export const initiator = 'iqn.2026-11.cloud.wattle:kvm1';

/** Replaces tokens: the headers contain roles and project. */
export const identify = async (header: Header, requestId: string): Promise<Authenticated> => {
  const roles = header('x-role');
  if (!roles) throw unauthorized();
  return fakeCaller({
    projectId: header('x-project') ?? projectId,
    roles: roles.split(','),
    serviceRoles: header('x-service-token') ? ['service'] : [],
    requestId,
  });
};

/** Images in memory, without data. */
export function fakeImages() {
  const images = new Map<string, Image>();
  const add = (image: Partial<Image> = {}): Image => {
    const created = {
      id: randomUUID(),
      name: 'guest',
      status: 'active',
      disk_format: 'raw',
      container_format: 'bare',
      size: 1024,
      virtual_size: null,
      checksum: 'c',
      min_disk: 0,
      min_ram: 0,
      owner: projectId,
      visibility: 'private',
      ...image,
    };
    images.set(created.id, created);
    return created;
  };
  const client: Volumes['images'] = {
    show: async (id) => images.get(id) ?? Promise.reject(notFound('Image', id)),
    create: async (image) => add({ ...image, status: 'queued' }),
    remove: async (id) => void images.delete(id),
  };
  return { images, add, client };
}

export const settings = Object.fromEntries(
  Object.entries(section).map(([name, { fallback }]) => [name, fallback]),
) as Config;

export interface Asked {
  readonly role?: string;
  readonly project?: string;
  readonly version?: string;
  readonly service?: boolean;
  readonly body?: unknown;
}

/** The body of a response. */
// biome-ignore lint/suspicious/noExplicitAny: tests read arbitrary fields of responses
export type Json = any;

/** sqlite, or the server in WATTLE_TEST_MYSQL: mysql://user:password@host:port. */
function databaseForTests(): string {
  const server = process.env.WATTLE_TEST_MYSQL;
  return server ? `${server}/wattle_v_${randomUUID().slice(0, 8)}` : 'sqlite::memory:';
}

type WrapBus = (bus: Bus) => Bus;

export async function startVolumes(
  t: Pick<TestContext, 'after'>,
  config: Partial<Config> = {},
  wrapBus: WrapBus = (bus) => bus,
  policySettings: PolicySettings = {},
) {
  process.env.WATTLE_CHECK_ANSWERS ??= '1';
  const bus = wrapBus(memoryBus());
  const secrets = await mkdtemp(join(tmpdir(), 'volume-secrets-'));
  const db = openDatabase(databaseForTests());
  const images = fakeImages();
  const used = new Map<string, string>();
  const events: ExternalEvent[] = [];
  const compute = {
    findAttachment: async (serverId: string) => used.get(serverId),
    sendEvents: async (sent: readonly ExternalEvent[]) => void events.push(...sent),
  };
  const quick = { ...settings, pollMs: 50, backoffMs: 5, answerMs: 5_000, copyMs: 5_000, ...config };
  const { service, endpoint, close } = await openVolumes({
    runtime: {
      db,
      bus,
      log: silentLog(),
      cloud: readCloud(settingsOf({})),
      config: quick,
      images: images.client,
      compute,
      seal: sealWith(join(secrets, 'row-keys')),
    },
    apiServer: { identify, at: { host: '127.0.0.1', port: 0 }, log: silentLog(), policySettings },
    identityUrl: 'http://identity',
  });
  const ends: (() => Promise<void>)[] = [() => rm(secrets, { recursive: true }), () => db.destroy(), close];
  t.after(async () => {
    for (const end of ends.reverse()) await end();
  });

  const ask = async (method: string, path: string, asked: Asked = {}) => {
    const { role = 'admin,member,reader', project = projectId, version, body, service: isService } = asked;
    const answer = await fetch(`${endpoint.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'x-role': role,
        'x-project': project,
        ...(isService ? { 'x-service-token': 'yes' } : {}),
        ...(version ? { 'openstack-api-version': `volume ${version}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isText = answer.headers.get('content-type')?.startsWith('text/plain');
    const sent: Json = text === '' ? null : isText ? text : JSON.parse(text);
    return { status: answer.status, headers: answer.headers, body: sent };
  };
  const at = `/v3/${projectId}`;
  const create = async (input: object = {}, asked: Asked = {}) =>
    ask('POST', `${at}/volumes`, { version: '3.70', body: { volume: { size: 1, name: 'data', ...input } }, ...asked });
  const show = async (id: string, version = '3.70') =>
    (await ask('GET', `${at}/volumes/${id}`, { version })).body?.volume as Json;
  const waitUntilStable = async (id: string) => {
    await until(async () => !/ing(-backup)?$|^(backing-up|maintenance)$/.test((await show(id))?.status ?? ''));
    return show(id);
  };
  return {
    service,
    bus,
    db,
    images,
    /** What compute was told. */
    events,
    /** What compute reports as in use: server id to attachment id. */
    used,
    ask,
    at,
    create,
    show,
    waitUntilStable,
    /** Creates a volume and waits until it is available or in error. */
    createAndWait: async (input: object = {}) => waitUntilStable((await create(input)).body.volume.id),
    act: (id: string, body: object, asked: Asked = {}) =>
      ask('POST', `${at}/volumes/${id}/action`, { version: '3.70', ...asked, body }),
    snapshot: async (volumeId: string, input: object = {}, asked: Asked = {}) =>
      ask('POST', `${at}/snapshots`, {
        version: '3.65',
        body: { snapshot: { volume_id: volumeId, name: 'snap', ...input } },
        ...asked,
      }),
    showSnapshot: async (id: string) => (await ask('GET', `${at}/snapshots/${id}`)).body?.snapshot as Json,
    reserve: (volumeId: string, serverId: string, more: object = {}) =>
      ask('POST', '/v3/attachments', {
        version: '3.54',
        body: { attachment: { volume_uuid: volumeId, instance_uuid: serverId, ...more } },
      }),
    connect: (id: string, host = 'kvm1') =>
      ask('PUT', `/v3/attachments/${id}`, {
        version: '3.54',
        body: {
          attachment: { connector: { initiator: `iqn.2026-11.cloud.wattle:${host}`, host, mountpoint: '/dev/vdb' } },
        },
      }),
    complete: (id: string) =>
      ask('POST', `/v3/attachments/${id}/action`, { version: '3.54', body: { 'os-complete': {} } }),
    isGone: (path: string) => until(async () => (await ask('GET', `${at}${path}`)).status === 404),
    startHost: (driver: Partial<VolumeAgent> = {}, name = 'store1', more: Partial<VolumeReport> = {}) => {
      const host = startHost(bus, name, driver, more);
      ends.push(host.close);
      return host;
    },
    messages: async () => (await ask('GET', `${at}/messages`, { version: '3.5' })).body.messages as Json[],
  };
}

/** A storage host on the fake driver; methods can be replaced. Call `waitForHosts` before creating volumes. */
const target = memoryTarget();
function startHost(bus: Bus, name: string, driver: Partial<VolumeAgent>, more: Partial<VolumeReport>) {
  const store = openFake({ pool: 'fake', totalGb: 100 });
  const images = { download: async () => Promise.reject(new Error('no bytes')), upload: async () => {} };
  const fake = volumesOf({ store, exporter: openFakeExports('127.0.0.1:3260'), images, backups: backupsOf(target) });
  const agent = startAgent({
    contract: volumeAgent,
    bus,
    host: name,
    driver: { ...fake, ...driver },
    log: silentLog(),
    everyMs: 50,
    report: async (): Promise<VolumeReport> => ({
      hostId: `id-of-${name}`,
      hostname: name,
      address: '127.0.0.1',
      backups: 'memory',
      pools: await store.pools(),
      ...more,
    }),
  });
  const off = registerCalls(bus, name, store);
  const close = async () => {
    for (const end of off) end();
    await agent.close();
  };
  return { agent: fake, close, store };
}

export type VolumeCloud = Awaited<ReturnType<typeof startVolumes>>;

/** Waits until the API lists that number of storage hosts. */
export const waitForHosts = (cloud: VolumeCloud, hosts: number) =>
  until(async () => {
    const { body } = await cloud.ask('GET', `${cloud.at}/os-services?binary=cinder-volume`);
    return body.services.length === hosts;
  });

/** With one storage host, which has reported. */
export async function startWithHost(t: TestContext, driver: Partial<VolumeAgent> = {}): Promise<VolumeCloud> {
  const cloud = await startVolumes(t);
  cloud.startHost(driver);
  await waitForHosts(cloud, 1);
  return cloud;
}

/** Attaches the volume to a random server as compute does; returns the attachment's id. */
export async function attach(cloud: VolumeCloud, volumeId: string): Promise<string> {
  const { attachment } = (await cloud.reserve(volumeId, randomUUID())).body;
  await cloud.connect(attachment.id);
  await cloud.complete(attachment.id);
  return attachment.id;
}
