/** Specs and hosts for tests. */
import { randomInt, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DiskSpec, GuestSpec, NicSpec } from '#shared/contracts/compute-agent.ts';
import { notFound } from '#shared/errors/fault.ts';
import { silentLog } from '#shared/log/log.ts';
import type { CephKey } from '../../services/compute-agent/drivers/ceph-key.ts';
import { fakeHypervisor } from '../../services/compute-agent/drivers/fake.ts';
import type { Hypervisor } from '../../services/compute-agent/drivers/hypervisor.ts';
import type { ImageApi } from '../../services/compute-agent/drivers/qemu/images.ts';
import { isRoot } from '../../services/compute-agent/drivers/qemu/processes.ts';
import { qemuHypervisor } from '../../services/compute-agent/drivers/qemu/qemu.ts';

/** Its disk is empty, so the guest runs its firmware only. */
export const guestSpec = (changes: Partial<GuestSpec> = {}): GuestSpec => ({
  id: randomUUID(),
  vcpus: 1,
  ramMb: 64,
  power: 'on',
  boot: { mark: 'first', kind: 'hard' },
  graceMs: 0,
  machine: null,
  disks: [diskSpec({ id: 'root', bootIndex: 0 })],
  nics: [],
  configDrive: null,
  ...changes,
});

export const diskSpec = (changes: Partial<DiskSpec> = {}): DiskSpec => ({
  id: randomUUID(),
  source: { kind: 'blank' },
  sizeGb: 1,
  bootIndex: null,
  bus: 'virtio',
  serial: 'serial',
  ...changes,
});

/** With user-mode networking. */
export const nicSpec = (): NicSpec => ({
  portId: randomUUID(),
  mac: `fa:16:3e:00:00:${randomInt(16, 256).toString(16)}`,
  mtu: 1450,
  tap: 'none',
  bridge: null,
});

export const noImages: ImageApi = {
  find: async (id) => Promise.reject(notFound('Image', id)),
  download: async (id) => Promise.reject(notFound('Image', id)),
  upload: async (id) => Promise.reject(notFound('Image', id)),
};

export const openFake = (onChange = () => {}) =>
  fakeHypervisor({ size: { vcpus: 8, ramMb: 8_192, diskGb: 100 }, onChange });

interface QemuExample {
  readonly stateDir: string;
  readonly api?: ImageApi;
  readonly onChange?: () => void;
  readonly consoleLogBytes?: number;
  readonly virtType?: 'auto' | 'qemu';
  readonly ceph?: CephKey;
}

export const openExampleQemu = (example: QemuExample): Promise<Hypervisor> =>
  qemuHypervisor({
    stateDir: example.stateDir,
    settings: {
      qemu: 'qemu-system-x86_64',
      virtType: example.virtType ?? 'qemu',
      cpuModel: 'auto',
      ports: 20,
      tbSizeMb: 32,
      uids: isRoot ? { first: 1_990_000_000, count: 1_000 } : null,
      cloudId: 'test',
      initiator: 'iqn.2026-11.cloud.wattle:test',
      ceph: example.ceph ?? null,
      listen: { host: '127.0.0.1', port: 0 },
      consoleLogBytes: example.consoleLogBytes ?? 1_000_000,
    },
    cache: { maxBytes: 1e9, maxAgeMs: 1e9 },
    api: example.api ?? noImages,
    log: silentLog(),
    onChange: example.onChange ?? (() => {}),
  });

interface ExampleHost {
  readonly stateDir: string;
  /** An agent's driver on this host; closed with the test. */
  open(example?: Omit<QemuExample, 'stateDir'>): Promise<Hypervisor>;
}

/** A host with a folder of its own; its guests are removed at the end of the test. */
export async function exampleHost(t: TestContext): Promise<ExampleHost> {
  const stateDir = await mkdtemp(join(tmpdir(), 'guests-'));
  await chmod(stateDir, 0o700);
  const opened: Hypervisor[] = [];
  const open = async (example: Omit<QemuExample, 'stateDir'> = {}) => {
    const hypervisor = await openExampleQemu({ stateDir, ...example });
    opened.push(hypervisor);
    return hypervisor;
  };
  t.after(async () => {
    await Promise.all(opened.map((hypervisor) => hypervisor.close())); // QMP serves one client at a time
    const last = await openExampleQemu({ stateDir });
    await last.recover(null);
    await last.removeGuests();
    await rm(stateDir, { recursive: true, force: true });
  });
  return { stateDir, open };
}

type Falsy = null | undefined | false | 0;

/** Waits for a condition, never for a second. */
export async function until<T>(
  what: string,
  check: () => Promise<T | Falsy> | T | Falsy,
  withinMs = 120_000,
): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; await sleep(50)) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
  }
}
