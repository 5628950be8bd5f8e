import type { VolumeSource } from '#shared/contracts/volume-agent.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Volumes } from '../context.ts';
import { encryptionOf } from '../type-encryption/store.ts';
import { volumeRows } from '../volumes/resource.ts';
import { releaseBackup } from './backups.ts';
import { recordFailure } from './failure.ts';
import { choosePool, stillFits } from './scheduler/pools.ts';

export interface Create {
  readonly volumeId: string;
  readonly source: VolumeSource;
  /** The host that has the source; null for a blank disk or an image. */
  readonly sourceHost: string | null;
  readonly extraSpecs: Readonly<Record<string, string>>;
}

/** From creating to available. On failure the data is removed, the status is error, and a message has the reason. */
export const createVolume = workflow<Create, Volumes>({
  name: 'create-volume',
  deadlineMs: 2 * 3_600_000,
  steps: [
    step('choose-pool', place),
    step(
      'make-bytes',
      (service, params, run) => makeBytes(service, params, run.result<string>('choose-pool'), run),
      (service, { volumeId }, run) => dropBytes(service, volumeId, run.result<string>('choose-pool'), run),
    ),
  ],
  done: async (tx, { volumeId, source }, { taskId }) => {
    if (source.kind === 'backup') await releaseBackup(tx, taskId);
    const bootable = source.kind === 'image' ? { bootable: true } : {};
    return volumeRows.update(tx, { id: volumeId, taskId }, { status: 'available', ...bootable, taskId: null });
  },
  failed: async (tx, { volumeId }, run, reason) => {
    await releaseBackup(tx, run.taskId);
    const volume = await volumeRows.find(tx, { id: volumeId });
    if (!volume) return;
    const about = { projectId: volume.projectId, resourceId: volumeId };
    await recordFailure(tx, volume.host === null ? 'schedule' : 'create', about, run, reason);
    await volumeRows.update(tx, { id: volumeId, taskId: run.taskId }, { status: 'error', taskId: null });
  },
});

/** Committed before the host is called: a concurrent delete must know which host to clean up. */
export async function place(
  service: Volumes,
  { volumeId, sourceHost, extraSpecs }: Omit<Create, 'source'>,
  run: Run,
): Promise<string> {
  const owned = { id: volumeId, taskId: run.taskId };
  const { sizeGb, host } = await volumeRows.expect(service.db, owned);
  if (host !== null) return host;
  const need = { sizeGb, extraSpecs, host: sourceHost };
  for (;;) {
    const { pool, candidates } = await choosePool(service, need);
    const change = { host: pool.host, hostId: pool.hostId, pool: pool.name, driver: pool.driver, choice: candidates };
    const isPlaced = await run.commit(async (tx) => {
      if (!(await stillFits(service, tx, pool, need))) return false;
      await volumeRows.update(tx, owned, change);
      return true;
    });
    if (isPlaced) return pool.host;
  }
}

export async function makeBytes(
  { db, hosts, copiers, seal }: Volumes,
  { volumeId, source }: Pick<Create, 'volumeId' | 'source'>,
  host: string,
  run: Run,
): Promise<void> {
  const owned = { id: volumeId, taskId: run.taskId };
  const volume = await volumeRows.expect(db, owned);
  if (source.kind === 'image') await run.commit((tx) => volumeRows.update(tx, owned, { status: 'downloading' }));
  const agents = source.kind === 'blank' ? hosts : copiers;
  const isCopy = source.kind !== 'blank' && source.kind !== 'image';
  const encryption = isCopy ? undefined : await encryptionOf(db, seal, volume);
  const spec = { id: volumeId, sizeGb: volume.sizeGb, source, ...(encryption ? { encryption } : {}) };
  await agents.on(host, run).ensureVolume(spec);
}

export async function dropBytes({ hosts }: Volumes, volumeId: string, host: string, run: Run): Promise<void> {
  await ignoreHostAway(hosts.on(host, run).ensureVolumeGone({ id: volumeId }));
}
