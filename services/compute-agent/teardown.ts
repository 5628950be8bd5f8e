/** What `wattle down` and `wattle purge` do on a compute host while no agent runs. */
import { readCloud } from '#shared/config/cloud.ts';
import type { Runtime } from '#shared/service/runtime.ts';
import { directoryOf, section } from './config.ts';
import type { Hypervisor } from './drivers/hypervisor.ts';
import { openQemu } from './drivers/open-qemu.ts';
import { hasState } from './drivers/qemu/qemu.ts';

type TeardownOptions = Pick<Runtime, 'settings' | 'log'>;

const graceMs = 20_000;

/** Powers guests off, by force after a grace period. Guests that were on start again at the next start, as after a power cut. */
export async function teardown(runtime: TeardownOptions): Promise<void> {
  await withGuests(runtime, (hypervisor) => hypervisor.stopGuests(graceMs));
}

/** Removes guests, their disks, taps and the image cache. */
export async function purge(runtime: TeardownOptions): Promise<void> {
  await withGuests(runtime, (hypervisor) => hypervisor.removeGuests());
}

async function withGuests(
  { settings, log }: TeardownOptions,
  work: (hypervisor: Hypervisor) => Promise<void>,
): Promise<void> {
  const cloud = readCloud(settings);
  const config = { ...settings.read('compute-agent', section), virtType: 'qemu' as const }; // no guest starts: no probe for KVM
  const directory = directoryOf(cloud, config);
  if (config.driver === 'fake' || !(await hasState(directory))) return;
  const api = { find: refuse, download: refuse, upload: refuse };
  const hypervisor = await openQemu({ cloud, config, directory, api, log, onChange: () => {} });
  await hypervisor.recover(null);
  await work(hypervisor);
  await hypervisor.close();
}

const refuse = () => Promise.reject(new Error('images are not downloaded or uploaded during teardown'));
