/** What `wattle down` and `wattle purge` do on a compute host, when no agent runs. */
import { readCloud } from '#shared/config/cloud.ts';
import type { Runtime } from '#shared/service/runtime.ts';
import { directoryOf, section } from './config.ts';
import type { Hypervisor } from './drivers/hypervisor.ts';
import { openQemu } from './drivers/open-qemu.ts';
import { hasState } from './drivers/qemu/qemu.ts';

type Places = Pick<Runtime, 'settings' | 'log'>;

const graceMs = 20_000;

/** Guests are asked to power off, then made to. Those that were on come back at the next start, as after a power cut. */
export async function teardown(runtime: Places): Promise<void> {
  await withGuests(runtime, (hypervisor) => hypervisor.stopGuests(graceMs));
}

/** Guests, their disks, taps and the copies of images: all gone. */
export async function purge(runtime: Places): Promise<void> {
  await withGuests(runtime, (hypervisor) => hypervisor.removeGuests());
}

async function withGuests({ settings, log }: Places, work: (hypervisor: Hypervisor) => Promise<void>): Promise<void> {
  const cloud = readCloud(settings);
  const config = { ...settings.read('compute-agent', section), virtType: 'qemu' as const }; // nothing starts: no probe
  const directory = directoryOf(cloud, config);
  if (config.driver === 'fake' || !(await hasState(directory))) return;
  const api = { find: notNow, download: notNow, upload: notNow };
  const hypervisor = await openQemu({ cloud, config, directory, api, log, changed: () => {} });
  await hypervisor.recover(null);
  await work(hypervisor);
  await hypervisor.close();
}

const notNow = () => Promise.reject(new Error('no image is fetched or sent while a host goes down'));
