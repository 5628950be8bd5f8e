/** Compute and the other services that it calls, in one process that can be killed at each effect. Their state is in files. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enforcerOf } from '#shared/auth/policy.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import type { ComputeAgent, ComputeReport } from '#shared/contracts/compute-agent.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { sealWith } from '#shared/seal/seal.ts';
import type { Config } from '../../services/compute/config.ts';
import type { Compute } from '../../services/compute/context.ts';
import { policy } from '../../services/compute/policy.ts';
import { openCompute } from '../../services/compute/service.ts';
import { fakeImages, fakeNetwork, fakePlacement, fakeVolumes } from '../fakes/compute-clients.ts';
import { defaultConfig, fill, projectId, until } from '../fakes/compute-cloud.ts';

export const volumeId = '809b62a7-7a6e-40b1-ac43-8c00a3bf314a';
export const caller = {
  userId: 'u',
  userName: 'me',
  userDomainId: 'default',
  projectId,
  projectName: 'p',
  projectDomainId: 'default',
  domainId: null,
  system: false,
  roles: ['admin', 'member'],
  serviceRoles: [],
  token: 'token',
  requestId: 'req-1',
  policy: enforcerOf(policy),
};

/** A map that is stored in a file; each change is an effect. */
export class KeptMap<Value> extends Map<string, Value> {
  readonly #file: string;
  readonly #point: () => void;
  constructor(dir: string, name: string, point: () => void) {
    super();
    this.#file = join(dir, `${name}.json`);
    this.#point = () => {};
    if (existsSync(this.#file))
      for (const [key, value] of JSON.parse(readFileSync(this.#file, 'utf8')) as [string, Value][])
        super.set(key, value);
    this.#point = point;
  }
  override set(key: string, value: Value): this {
    super.set(key, value);
    this.#save?.();
    return this;
  }
  override delete(key: string): boolean {
    const had = super.delete(key);
    if (had) this.#save();
    return had;
  }
  #save(): void {
    this.#point();
    writeFileSync(this.#file, JSON.stringify([...this]));
    this.#point();
  }
}

/** The images are kept as they are: their effects are `imagePoint`. `close` ends the process in good order. */
export async function openCloud(
  dir: string,
  { point, imagePoint, config = {} }: { point: () => void; imagePoint: () => void; config?: Partial<Config> },
) {
  const db = openDatabase(`sqlite:${join(dir, 'db')}`);
  const bus = memoryBus();
  const images = fakeImages(new KeptMap(dir, 'images', imagePoint));
  const network = fakeNetwork(undefined, new KeptMap(dir, 'ports', point));
  const volumes = fakeVolumes(new KeptMap(dir, 'volumes', () => {}), new KeptMap(dir, 'attachments', point));
  const placement = fakePlacement(new KeptMap(dir, 'claims', point), new KeptMap(dir, 'providers', () => {}));
  fill(images, network);
  if (!volumes.volumes.has(volumeId))
    volumes.volumes.set(volumeId, { id: volumeId, name: 'd', size: 1, status: 'available', bootable: 'false' });
  const log = silentLog();
  const { compute, close } = await openCompute({
    runtime: {
      db,
      bus,
      log,
      seal: sealWith(join(dir, 'row-keys')),
      config: { ...defaultConfig, pollMs: 20, backoffMs: 5, answerMs: 30_000, refreshMs: 3_600_000, ...config },
      images,
      network,
      volumes,
      placement,
      cloud: { id: 'test', consoleUrl: '' },
    },
    apiServer: { identify: async () => caller, at: { host: '127.0.0.1', port: 0 }, log },
    identityUrl: '',
    host: 'controller',
    consoleAt: { host: '127.0.0.1', port: 0 },
  });
  const closeAll = async () => {
    await close();
    await db.destroy();
  };
  return { compute, images, placement, close: closeAll };
}

export const ended = ({ db }: Compute) =>
  until(
    async () =>
      ((await db('tasks')) as unknown[]).length === 0 &&
      ((await db('host_work').where({ outcome: null })) as unknown[]).length === 0,
    20_000,
  );

/** What the agent of a host reports whose guests are files with their power. */
export const reportOf = (
  hostId: string,
  hostname: string,
  guests: Readonly<Record<string, string>>,
): ComputeReport => ({
  hostId,
  hostname,
  address: '127.0.0.1',
  vcpus: 100,
  ramMb: 100_000,
  diskGb: 1_000,
  freeDiskGb: 900,
  usedRamMb: 100,
  hypervisor: { type: 'fake', version: 1 },
  accelerator: 'fake',
  cpu: { arch: 'x86_64', model: 'm', features: [] },
  guests: Object.entries(guests).map(([id, power]) => ({ id, power: (power || 'on') as 'on', reason: null })),
});

/** What a host answers that has made a guest as its spec says. */
export const madeGuest: ComputeAgent['ensureGuest'] = async ({ id, power }) => ({
  id,
  power,
  machine: { type: 'pc-q35-7.2', cpu: 'max', accelerator: 'tcg' },
  devices: {},
});
