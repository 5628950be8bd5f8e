/** One agent per host: applies the specs of the compute service and reports the state of the guests. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Bus } from '#shared/bus/bus.ts';
import { imageClient } from '#shared/clients/image.ts';
import { type Cloud, readCloud } from '#shared/config/cloud.ts';
import {
  type ComputeReport,
  computeAgent,
  type GuestSpec,
  type ImageUpload,
  type OwnsGuest,
  ownsGuest,
} from '#shared/contracts/compute-agent.ts';
import { type Agent, startAgent } from '#shared/hosts/agent.ts';
import type { Log } from '#shared/log/log.ts';
import { ensureHostId } from '#shared/service/host-id.ts';
import type { Start, Started } from '#shared/service/runtime.ts';
import { sessionOf } from '#shared/service/session.ts';
import { type Config, directoryOf, section } from './config.ts';
import type { ComputeHost } from './context.ts';
import { emptyQcow2 } from './drivers/empty-image.ts';
import { fakeHypervisor } from './drivers/fake.ts';
import { openFitness } from './drivers/fitness.ts';
import type { Hypervisor } from './drivers/hypervisor.ts';
import { imagesOf } from './drivers/images.ts';
import { openQemu } from './drivers/open-qemu.ts';
import type { ImageApi } from './drivers/qemu/images.ts';
import { retryTransient } from './drivers/retry-transient.ts';
import { registerCalls } from './messages.ts';

export const start: Start = async ({ settings, log, bus }) => {
  const cloud = readCloud(settings);
  const config = settings.read('compute-agent', section);
  const hostName = cloud.host || hostname();
  const hasMany = config.driver === 'fake' && config.fakeHosts > 1;
  const names = hasMany ? Array.from({ length: config.fakeHosts }, (_, at) => `${hostName}-${at + 1}`) : [hostName];
  const hosts = await Promise.all(names.map((name) => startHost({ name, cloud, config, log, bus })));
  return { close: async () => void (await Promise.all(hosts.map((host) => host.close()))) };
};

interface HostOptions {
  readonly name: string;
  readonly cloud: Cloud;
  readonly config: Config;
  readonly log: Log;
  readonly bus: Bus;
}

async function startHost({ name, cloud, config, log, bus }: HostOptions): Promise<Started> {
  const base = directoryOf(cloud, config);
  const directory = config.driver === 'fake' ? join(base, `fake-${name}`) : base;
  const hostId = await ensureHostId(directory);
  let agent: Agent | undefined; // guests may change before it is started
  const wake = () => agent?.wake();
  const hypervisor = await openHypervisor({ name, cloud, config, log, bus }, directory, wake);
  await hypervisor.recover(async (id) => {
    const query: OwnsGuest['request'] = { host: name, id };
    return (await bus.call<OwnsGuest['reply']>(ownsGuest, query)).power;
  });
  const fitness = await fitnessOf({ name, cloud, config, log, bus }, directory, wake);
  const report = async (): Promise<ComputeReport> => {
    const facts = await hypervisor.facts();
    const unfit = fitness?.reasons() ?? [];
    return { hostId, hostname: name, address: cloud.address, ...facts, unfit, guests: hypervisor.guests() };
  };
  const driver = retryTransient(hypervisor, wake);
  agent = startAgent({ contract: computeAgent, bus, host: name, driver, log, everyMs: cloud.idleMs, report });
  const host: ComputeHost = { name, cloud, config, hypervisor };
  const offs = registerCalls(bus, host);
  const close = async () => {
    for (const off of offs) off();
    await agent?.close();
    await fitness?.close();
    await hypervisor.close();
  };
  return { close };
}

/** A fake host needs neither a login nor a disk. */
async function fitnessOf({ cloud, config, log }: HostOptions, directory: string, onChange: () => void) {
  if (config.driver === 'fake') return undefined;
  return openFitness({ session: sessionOf(cloud, 'nova'), directory, log, everyMs: cloud.idleMs, onChange });
}

/** Idempotent, as the copy of a real disk: an active image was uploaded before. */
const uploadEmpty =
  (api: ImageApi) =>
  async ({ imageId }: ImageUpload, { disks }: GuestSpec): Promise<void> => {
    if ((await api.find(imageId)).status === 'active') return;
    const sizeGb = disks.find(({ bootIndex }) => bootIndex === 0)?.sizeGb ?? 1;
    const bytes = emptyQcow2(BigInt(Math.ceil(sizeGb) || 1) << 30n);
    await api.upload(imageId, Readable.from([bytes]), bytes.length);
  };

async function openHypervisor(parts: HostOptions, directory: string, onChange: () => void): Promise<Hypervisor> {
  const { cloud, config, log } = parts;
  const api = imagesOf(imageClient(sessionOf(cloud, 'nova')));
  if (config.driver === 'fake') {
    const size = { vcpus: config.fakeVcpus, ramMb: config.fakeRamMb, diskGb: config.fakeDiskGb };
    return fakeHypervisor({ size, onChange, folder: join(directory, 'guests'), upload: uploadEmpty(api) });
  }
  return openQemu({ cloud, config, directory, api, log, onChange });
}
