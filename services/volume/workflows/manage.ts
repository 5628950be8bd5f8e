/** Data that lie in a pool become a volume or a snapshot, and cease to be one. */
import { ignoreHostAway } from '#shared/hosts/hosts.ts';
import { type Run, step, workflow } from '#shared/workflow/workflow.ts';
import type { Volumes } from '../context.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import { volumeRows } from '../volumes/resource.ts';
import { recordFailure } from './failure.ts';

interface Managed {
  readonly id: string;
  readonly as: 'volume' | 'snapshot';
}
interface Manage extends Managed {
  /** Of the data in the pool. */
  readonly name: string;
}

const deadlineMs = 10 * 60_000;
const rowsOf = { volume: volumeRows, snapshot: snapshotRows } as const;
const about = { volume: 'VOLUME', snapshot: 'VOLUME_SNAPSHOT' } as const;

/** From managing to available; on failure the data have their former name, or `unmanaged-<id>`. */
export const manage = workflow<Manage, Volumes>({
  name: 'manage',
  deadlineMs,
  steps: [step('adopt', adopt, release)],
  done: async (tx, { id, as }, run) => {
    const { sizeGb } = run.result<{ sizeGb: number }>('adopt');
    const change = { status: 'available', sizeGb, taskId: null } as const;
    if (as === 'volume') await volumeRows.update(tx, { id, taskId: run.taskId }, change);
    else await snapshotRows.update(tx, { id, taskId: run.taskId }, { ...change, progress: '100%' });
  },
  failed: async (tx, { id, as }, run, reason) => {
    await record(tx, { id, as }, run, reason);
    const owned = { id, taskId: run.taskId };
    if (as === 'volume') await volumeRows.update(tx, owned, { status: 'error_managing', taskId: null });
    else await snapshotRows.update(tx, owned, { status: 'error', taskId: null });
  },
});

/** The data stay in the pool. A host that is away renames them when it returns. */
export const unmanage = workflow<Managed, Volumes>({
  name: 'unmanage',
  deadlineMs,
  steps: [step('release', release)],
  done: (tx, { id, as }, { taskId }) => rowsOf[as].remove(tx, { id, taskId }),
  failed: async (tx, { id, as }, run, reason) => {
    await record(tx, { id, as }, run, reason);
    const owned = { id, taskId: run.taskId };
    if (as === 'volume') await volumeRows.update(tx, owned, { status: 'error_managing', taskId: null });
    else await snapshotRows.update(tx, owned, { status: 'error', taskId: null });
  },
});

async function record(tx: Volumes['db'], { id, as }: Managed, run: Run, reason: string): Promise<void> {
  const row = await rowsOf[as].find(tx, { id });
  if (!row) return;
  const of = { projectId: row.projectId, resourceId: id, resourceType: about[as] };
  await recordFailure(tx, 'manage', of, run, reason);
}

async function adopt({ db, hosts }: Volumes, { id, as, name }: Manage, run: Run): Promise<{ sizeGb: number }> {
  const { host } = await rowsOf[as].expect(db, { id, taskId: run.taskId });
  return hosts.on(host ?? '', run).adopt({ id, as, name });
}

async function release({ db, hosts }: Volumes, { id, as }: Managed, run: Run): Promise<void> {
  const { host } = await rowsOf[as].expect(db, { id, taskId: run.taskId });
  if (host !== null) await ignoreHostAway(hosts.on(host, run).release({ id, as }));
}
