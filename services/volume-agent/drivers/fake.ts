/** Volumes as sizes in memory, for load tests and tests of the API: no data, no process, lost when the agent ends. */
import { Readable } from 'node:stream';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import type { Exporter, VolumeStore } from './driver.ts';

export interface FakeOptions {
  readonly pool: string;
  readonly totalGb: number;
}

export function openFake({ pool, totalGb }: FakeOptions): VolumeStore {
  const volumes = new Map<string, number>();
  const snapshots = new Map<string, number>();
  const unmanaged = { volume: new Map<string, number>(), snapshot: new Map<string, number>() };
  const sizeOf = (sizes: Map<string, number>, what: string, id: string): number => {
    const size = sizes.get(id);
    if (size === undefined) throw notFound(what, id);
    return size;
  };
  return {
    ensureVolume: async ({ id, sizeGb, source }) => {
      const minimums = [
        volumes.get(id) ?? 0,
        source.kind === 'snapshot' && !volumes.has(id) ? sizeOf(snapshots, 'Snapshot', source.snapshotId) : 0,
        source.kind === 'volume' && !volumes.has(id) ? sizeOf(volumes, 'Volume', source.volumeId) : 0,
      ];
      if (sizeGb < Math.max(...minimums))
        throw badRequest(`${Math.max(...minimums)} GiB do not fit into ${sizeGb} GiB`);
      volumes.set(id, sizeGb);
      return { sizeGb };
    },
    ensureVolumeGone: async ({ id }) => void volumes.delete(id),
    ensureSnapshot: async ({ id, volumeId }) => {
      if (!volumes.has(volumeId)) throw badRequest('the volume has no bytes on this host');
      if (!snapshots.has(id)) snapshots.set(id, sizeOf(volumes, 'Volume', volumeId));
    },
    ensureSnapshotGone: async ({ id }) => void snapshots.delete(id),
    pathOf: async (id) => `fake:${id}:${sizeOf(volumes, 'Volume', id)}`,
    readAs: async (id) => {
      sizeOf(volumes, 'Volume', id);
      return { sizeBytes: 512, stream: Readable.from([Buffer.alloc(512)]), close: async () => {} };
    },
    adopt: async ({ id, as, name }) => {
      const [of, to] = as === 'volume' ? [unmanaged.volume, volumes] : [unmanaged.snapshot, snapshots];
      const sizeGb = to.get(id) ?? sizeOf(of, `Unmanaged ${as}`, name);
      to.set(id, sizeGb);
      of.delete(name);
      return { sizeGb };
    },
    release: async ({ id, as }) => {
      const [of, from] = as === 'volume' ? [unmanaged.volume, volumes] : [unmanaged.snapshot, snapshots];
      const sizeGb = from.get(id);
      if (sizeGb === undefined) return;
      from.delete(id);
      of.set(`unmanaged-${id}`, sizeGb);
    },
    listUnmanaged: async () =>
      (['volume', 'snapshot'] as const).flatMap((kind) =>
        [...unmanaged[kind]].map(([name, sizeGb]) => ({
          name,
          kinds: [kind],
          sizeBytes: sizeGb * 2 ** 30,
          reasonNotSafe: null,
        })),
      ),
    stored: async () => ({ volumes: [...volumes.keys()], snapshots: [...snapshots.keys()] }),
    readSnapshot: async ({ id }) => {
      sizeOf(snapshots, 'Snapshot', id);
      return { sizeBytes: 512, stream: Readable.from([Buffer.alloc(512)]), close: async () => {} };
    },
    hasVolume: async (id) => volumes.has(id),
    writeVolume: async ({ id, sizeGb }, blocks) => {
      for await (const _ of blocks);
      volumes.set(id, sizeGb);
    },
    replaceVolume: async ({ id, sizeGb, source }) => {
      if (source.kind === 'snapshot') sizeOf(snapshots, 'Snapshot', source.snapshotId);
      sizeOf(volumes, 'Volume', id);
      volumes.set(id, sizeGb);
    },
    pools: async () => {
      const used = [...volumes.values(), ...snapshots.values()].reduce((sum, size) => sum + size, 0);
      return [
        {
          name: pool,
          driver: 'fake',
          totalGb,
          freeGb: totalGb - used,
          thin: false,
          features: ['online-snapshot', 'online-extend'],
        },
      ];
    },
  };
}

/** Keeps grants in memory. */
export function openFakeExports(portal: string): Exporter {
  const grants = new Map<string, string>();
  const drop = (volumeId: string) => {
    for (const [id, granted] of grants) if (granted === volumeId) grants.delete(id);
  };
  return {
    ensureGrant: async ({ id, volumeId }) => {
      grants.set(id, volumeId);
      return { portal, iqn: `iqn.2010-10.org.openstack:volume-${volumeId}`, lun: 1 };
    },
    ensureGrantGone: async ({ id }) => void grants.delete(id),
    ensureClosed: async (volumeId) => drop(volumeId),
    isExported: async (volumeId) => [...grants.values()].includes(volumeId),
    ensureSize: async () => undefined,
    exported: () => [...new Set(grants.values())],
    close: async () => {},
  };
}
