import type { Off } from '#shared/bus/bus.ts';
import { type VolumeReport, volumeAgent } from '#shared/contracts/volume-agent.ts';
import { serveAgents } from '#shared/hosts/hosts.ts';
import type { Runner } from '#shared/workflow/runner.ts';
import { taskCancelled, tasksWait, type Volumes } from './context.ts';
import { upsertReport } from './hosts/store.ts';

/** Bus entry point: notifications that tasks wait, and requests and reports of storage hosts. */
export const openMessages = ({ bus, db, seal }: Volumes, runner: Runner): Off[] => [
  bus.onNotify(tasksWait, runner.wake),
  bus.onNotify(taskCancelled, runner.recheck),
  ...serveAgents<VolumeReport>(bus, db, 'volume', reportSaver(db), { contract: volumeAgent, seal }),
];

const saveEveryMs = 5_000;

/** A host sends a report with each poll for work, many times a second under load: only one per `saveEveryMs` is stored. */
function reportSaver(db: Volumes['db']) {
  const savedAt = new Map<string, number>();
  return async (host: string, { stored: _, ...report }: VolumeReport): Promise<void> => {
    if (performance.now() - (savedAt.get(host) ?? Number.NEGATIVE_INFINITY) < saveEveryMs) return;
    await upsertReport(db, host, report);
    savedAt.set(host, performance.now());
  };
}
