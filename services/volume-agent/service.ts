import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Session } from '#shared/clients/session.ts';
import { type Cloud, readCloud } from '#shared/config/cloud.ts';
import { type VolumeReport, volumeAgent } from '#shared/contracts/volume-agent.ts';
import { startAgent } from '#shared/hosts/agent.ts';
import type { Log } from '#shared/log/log.ts';
import { missingConfinement } from '#shared/process/confined.ts';
import { ensureHostId } from '#shared/service/host-id.ts';
import type { Start } from '#shared/service/runtime.ts';
import { sessionOf } from '#shared/service/session.ts';
import { type Config, directoryOf, portalOf, section } from './config.ts';
import { backupsOf } from './drivers/backups/backups.ts';
import { objectStoreTarget } from './drivers/backups/object-store.ts';
import { type BackupTarget, directoryTarget } from './drivers/backups/target.ts';
import type { Exporter, ImageStore, VolumeStore } from './drivers/driver.ts';
import { openFake, openFakeExports } from './drivers/fake.ts';
import { openFiles } from './drivers/file/file.ts';
import { withImageCache } from './drivers/image-cache.ts';
import { imagesOf } from './drivers/images.ts';
import { openLvm } from './drivers/lvm/lvm.ts';
import { openRbdExports } from './drivers/rbd/exports.ts';
import { openRbd } from './drivers/rbd/rbd.ts';
import { openTgt } from './drivers/tgt/exports.ts';
import { registerCalls } from './messages.ts';
import { volumesOf } from './operations.ts';

/** One per storage host: applies the specs that the volume service stores for it. */
export const start: Start = async ({ settings, log, bus }) => {
  const cloud = readCloud(settings);
  const config = settings.read('volume-agent', section);
  const session = sessionOf(cloud, 'cinder');
  const images = imagesOf(session);
  const { store: pool, exporter } = await openDriver(cloud, config, images, log);
  const directory = directoryOf(cloud, config);
  const store = config.driver === 'fake' ? pool : await withImageCache(pool, { maxGb: config.imageCacheGb, directory });
  const host = cloud.host || hostname();
  const hostId = await ensureHostId(directory);
  const stored = storedAtIntervals(store, exporter);
  const report = async (): Promise<VolumeReport> => ({
    hostId,
    hostname: host,
    address: cloud.address,
    ...(config.backups === 'none' ? {} : { backups: config.backups }),
    pools: await store.pools(),
    ...(await stored()),
  });
  const target = targetOf(cloud, config, session);
  const driver = volumesOf({ store, exporter, images, ...(target ? { backups: backupsOf(target) } : {}) });
  const agent = startAgent({ contract: volumeAgent, bus, host, driver, log, everyMs: cloud.idleMs, report });
  const off = registerCalls(bus, host, store);
  const close = async () => {
    for (const end of off) end();
    await agent.close();
    await exporter.close();
  };
  return { close };
};

/** Reports follow each other many times a second under load, and the list may be long. */
function storedAtIntervals(store: VolumeStore, exporter: Exporter, everyMs = 5_000) {
  let dueAt = 0;
  return async (): Promise<Pick<VolumeReport, 'stored'>> => {
    if (performance.now() < dueAt) return {};
    dueAt = performance.now() + everyMs;
    return { stored: { ...(await store.stored()), exports: exporter.exported() } };
  };
}

function targetOf(cloud: Cloud, config: Config, session: Session): BackupTarget | undefined {
  if (config.backups === 'object-store') return objectStoreTarget(session);
  if (config.backups === 'directory')
    return directoryTarget(config.backupDirectory || join(directoryOf(cloud, config), 'backups'));
  return undefined;
}

interface Driver {
  readonly store: VolumeStore;
  readonly exporter: Exporter;
}

async function openDriver(cloud: Cloud, config: Config, images: ImageStore, log: Log): Promise<Driver> {
  const { driver, pool, fakeGb, maxImageGb, watchMs, reserveMb } = config;
  const [directory, portal] = [directoryOf(cloud, config), portalOf(cloud, config)];
  if (driver === 'fake') return { store: openFake({ pool, totalGb: fakeGb }), exporter: openFakeExports(portal) };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const missing = await missingConfinement();
  if (missing.length > 0) log.warn({ missing }, 'images are converted with less confinement than intended');
  if (driver === 'lvm') {
    const group = config.volumeGroup;
    const store = await openLvm({ group, pool, directory: join(directory, 'lvm'), images, maxImageGb });
    return { store, exporter: await openTgt({ directory, portal, watchMs, log, below: `/dev/${group}` }) };
  }
  if (driver === 'rbd') return openRbdDriver(config, directory, images, log);
  const store = await openFiles({
    directory: join(directory, pool),
    pool,
    images,
    maxImageGb,
    reserveBytes: reserveMb * 2 ** 20,
  });
  return { store, exporter: await openTgt({ directory, portal, watchMs, log }) };
}

async function openRbdDriver(config: Config, directory: string, images: ImageStore, log: Log): Promise<Driver> {
  const { pool, maxImageGb, purgeMs, balanceReads, cephConf: conf, cephUser: user } = config;
  const options = { pool, conf, user, balanceReads, purgeMs, maxImageGb, images, log };
  const { store, rbd, close } = await openRbd({ ...options, directory: join(directory, 'rbd') });
  const exporter = await openRbdExports({ rbd, directory, log });
  return { store, exporter: { ...exporter, close } };
}
