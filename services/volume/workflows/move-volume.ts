/**
 * Moves the data of a volume that nobody uses to a pool of another host: through a copy in the store of backups, which both
 * hosts reach. The row names the new host once the data are there, and from then on nothing is undone.
 */
import { badRequest } from '#shared/errors/fault.ts';
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Volumes } from '../context.ts';
import { findHost } from '../hosts/store.ts';
import { typeRows } from '../types/resource.ts';
import { volumeRows } from '../volumes/resource.ts';
import { recordFailure } from './failure.ts';
import { choosePoolAmong, type Pool, poolName, stillFits } from './scheduler/pools.ts';
import { releaseVolume } from './volume-status.ts';

interface Move {
  readonly volumeId: string;
  /** The host that has the data. */
  readonly from: string;
  /** The requested pool, host@driver#pool; null: any that fits. */
  readonly to: string | null;
  /** The type that the volume has afterwards. */
  readonly typeId: string;
}

type Target = Pick<Pool, 'host' | 'hostId' | 'name' | 'driver'>;

export const moveVolume = workflow<Move, Volumes>({
  name: 'move-volume',
  deadlineMs: 12 * 3_600_000,
  steps: [
    step('choose-pool', choosePool, forgetTarget),
    step('store-bytes', storeBytes, dropCopy),
    step('make-bytes', makeBytes, dropTarget),
    step('switch', switchHost),
    step('drop-source', dropSource),
    step('drop-copy', dropCopy),
  ],
  done: (tx, params, run) => end(tx, params, run, 'success'),
  failed: async (tx, params, run, reason) => {
    const volume = await volumeRows.find(tx, { id: params.volumeId, taskId: run.taskId });
    if (!volume) return;
    const about = { projectId: volume.projectId, resourceId: volume.id };
    await recordFailure(tx, volume.typeId === params.typeId ? 'migrate' : 'retype', about, run, reason);
    await end(tx, params, run, volume.host === params.from ? 'error' : 'success');
  },
});

async function end(tx: Volumes['db'], { volumeId: id }: Move, { taskId }: Run, migrationStatus: string): Promise<void> {
  await volumeRows.update(tx, { id, taskId }, { migrationStatus, targetHost: null });
  await releaseVolume(tx, { id, taskId });
}

/** Committed before the host is called: its room is allocated, and a concurrent delete knows what to clean up. */
async function choosePool(service: Volumes, { volumeId, from, to, typeId }: Move, run: Run): Promise<Target> {
  const owned = { id: volumeId, taskId: run.taskId };
  const { sizeGb } = await volumeRows.expect(service.db, owned);
  const { extraSpecs } = await typeRows.get(service.db, typeId);
  const need = { sizeGb, extraSpecs, host: null };
  for (;;) {
    const isWanted = (pool: Pool) => pool.host !== from && (to === null || poolName(pool) === to);
    const { pool } = await choosePoolAmong(service, need, isWanted);
    await requireSharedStore(service, from, pool.host);
    const isPlaced = await run.commit(async (tx) => {
      if (!(await stillFits(service, tx, pool, need))) return false;
      return volumeRows.update(tx, owned, { targetHost: pool.host, migrationStatus: 'migrating' });
    });
    if (isPlaced) return { host: pool.host, hostId: pool.hostId, name: pool.name, driver: pool.driver };
  }
}

async function requireSharedStore({ db }: Volumes, ...names: readonly string[]): Promise<void> {
  const kinds = await Promise.all(names.map(async (name) => (await findHost(db, name))?.report.backups));
  if (kinds[0] !== undefined && kinds[0] === kinds[1]) return;
  throw badRequest('Volumes move through the store of backups, and the two hosts have none in common.');
}

async function forgetTarget(_: Volumes, { volumeId, from }: Move, run: Run): Promise<void> {
  const owned = { id: volumeId, taskId: run.taskId, host: from };
  await run.commit((tx) => volumeRows.update(tx, owned, { targetHost: null }));
}

/** What the copy is called: the volume's id, so that its deletion finds it. */
export const copyOf = (volumeId: string) => ({ container: 'volumemoves', storedAs: volumeId });

async function storeBytes({ copiers }: Volumes, { volumeId, from }: Move, run: Run): Promise<void> {
  const copy = { id: volumeId, volumeId, snapshotId: null, parent: null, ...copyOf(volumeId) };
  await copiers.on(from, run).ensureBackup(copy);
}

async function dropCopy({ hosts }: Volumes, { volumeId: id, from }: Move, run: Run): Promise<void> {
  await ignoreHostAway(hosts.on(from, run).ensureBackupGone({ id, ...copyOf(id) }));
}

/** Replaces what a former move may have left there. */
async function makeBytes({ db, copiers }: Volumes, { volumeId: id }: Move, run: Run): Promise<void> {
  const { sizeGb } = await volumeRows.expect(db, { id, taskId: run.taskId });
  const source = { kind: 'backup', ...copyOf(id) } as const;
  await copiers.on(run.result<Target>('choose-pool').host, run).restoreVolume({ id, sizeGb, source });
}

async function dropTarget({ db, hosts }: Volumes, { volumeId: id, from }: Move, run: Run): Promise<void> {
  const { host } = await volumeRows.expect(db, { id, taskId: run.taskId });
  if (host !== from) return;
  await ignoreHostAway(hosts.on(run.result<Target>('choose-pool').host, run).ensureVolumeGone({ id }));
}

async function switchHost({ db }: Volumes, { volumeId, typeId }: Move, run: Run): Promise<void> {
  const { host, hostId, name: pool, driver } = run.result<Target>('choose-pool');
  const { extraSpecs } = await typeRows.get(db, typeId);
  const multiattach = extraSpecs.multiattach === '<is> True';
  const placed = { host, hostId, pool, driver, targetHost: null, migrationStatus: 'completing' };
  const change = { ...placed, typeId, multiattach };
  await run.commit((tx) => volumeRows.update(tx, { id: volumeId, taskId: run.taskId }, change));
}

async function dropSource({ hosts }: Volumes, { volumeId: id, from }: Move, run: Run): Promise<void> {
  await ignoreHostAway(hosts.on(from, run).ensureVolumeGone({ id }));
}
