/** A storage host on files, with exports and images; the process can be killed at every effect. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { memoryBus } from '#shared/bus/memory.ts';
import { type GrantSpec, type VolumeAgent, volumeAgent } from '#shared/contracts/volume-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { startAgent } from '#shared/hosts/agent.ts';
import { silentLog } from '#shared/log/log.ts';
import type { Volumes } from '../../services/volume/context.ts';
import { backupsOf } from '../../services/volume-agent/drivers/backups/backups.ts';
import { directoryTarget } from '../../services/volume-agent/drivers/backups/target.ts';
import type { Exporter } from '../../services/volume-agent/drivers/driver.ts';
import { openFiles } from '../../services/volume-agent/drivers/file/file.ts';
import { registerCalls } from '../../services/volume-agent/messages.ts';
import { volumesOf } from '../../services/volume-agent/operations.ts';
import { effect } from './world.ts';

/** A fake of tgtd, or tgtd itself. */
export interface Exports {
  open(dir: string): Promise<Exporter>;
  count(dir: string): Promise<number>;
}

interface HostSpec {
  /** store1 unless told. */
  readonly name?: string;
  readonly dir: string;
  readonly bus: ReturnType<typeof memoryBus>;
  readonly point: () => void;
  readonly exports: Exports;
  /** The method that does its work and then throws. */
  readonly refuses?: string;
}

export const poolOf = (dir: string, name: string) => join(dir, name === 'store1' ? 'pool' : `pool-of-${name}`);

export async function startHost({ dir, bus, point, exports, refuses, name = 'store1' }: HostSpec) {
  const download = () => effect(point, async () => Readable.from([Buffer.alloc(512 * 1024, 7)]));
  const images = { download, upload: async () => {} };
  const exporter = await exports.open(dir);
  const store = await openFiles({ directory: poolOf(dir, name), pool: 'pool', images, maxImageGb: 1 });
  const backups = backupsOf(directoryTarget(join(dir, 'backups')));
  const agent = volumesOf({ store, exporter, images, backups });
  const verbs = volumeAgent.verbs.map((verb) => [
    verb,
    (spec: never) => effect(point, () => act(agent, verb, spec, refuses)),
  ]);
  const started = startAgent({
    contract: volumeAgent,
    bus,
    host: name,
    driver: Object.fromEntries(verbs) as VolumeAgent,
    log: silentLog(),
    everyMs: 10_000, // each report is a commit that is not part of the story
    report: async () => ({
      hostId: `id-of-${name}`,
      hostname: name,
      address: '127.0.0.1',
      backups: 'directory',
      pools: (await store.pools()).map((pool) => ({ ...pool, features: [...pool.features, 'online-extend'] })),
    }),
  });
  const off = registerCalls(bus, name, store);
  const close = async () => {
    for (const end of off) end();
    await started.close();
    await exporter.close();
  };
  return { close };
}

async function act(agent: VolumeAgent, verb: keyof VolumeAgent, spec: never, refuses?: string): Promise<unknown> {
  const done = await agent[verb](spec);
  if (verb === refuses) throw new Fault(507, 'insufficientStorage', 'the disk is full');
  return done;
}

const grantsFile = (dir: string) => join(dir, 'grants.json');
export const readGrants = async (dir: string): Promise<GrantSpec[]> =>
  JSON.parse(await readFile(grantsFile(dir), 'utf8').catch(() => '[]')) as GrantSpec[];

/** The grants that tgtd would have. */
export function fakeExports(dir: string): Exporter {
  const keep = async (grants: readonly GrantSpec[]) => writeFile(grantsFile(dir), JSON.stringify(grants));
  return {
    ensureGrant: async (spec) => {
      await keep([...(await readGrants(dir)).filter(({ id }) => id !== spec.id), spec]);
      return { portal: '127.0.0.1:3260', iqn: 'iqn', lun: 1 };
    },
    ensureGrantGone: async ({ id }) => keep((await readGrants(dir)).filter((grant) => grant.id !== id)),
    ensureClosed: async (volumeId) => keep((await readGrants(dir)).filter((grant) => grant.volumeId !== volumeId)),
    isExported: async (volumeId) => (await readGrants(dir)).some((grant) => grant.volumeId === volumeId),
    ensureSize: async (volumeId, sizeGb) =>
      (await readGrants(dir)).some((grant) => grant.volumeId === volumeId) ? sizeGb : undefined,
    exported: () => [],
    close: async () => {},
  };
}

/** An image is a file, created by the request; it must remain only after a successful upload. */
export function imagesIn(dir: string, point: () => void): Volumes['images'] {
  const folder = join(dir, 'images');
  return {
    show: async (id) =>
      ({ id, status: 'active', disk_format: 'raw', container_format: 'bare', size: 512 * 1024, min_disk: 0 }) as never,
    create: async (image) => {
      await mkdir(folder, { recursive: true });
      const id = String(image.name);
      await writeFile(join(folder, id), '');
      return { id } as never;
    },
    remove: (id) => effect(point, () => rm(join(folder, id), { force: true })),
  };
}
