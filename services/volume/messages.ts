import type { Off } from '#shared/bus/bus.ts';
import { type VolumeReport, volumeAgent } from '#shared/contracts/volume-agent.ts';
import { answerAgents } from '#shared/hosts/hosts.ts';
import type { Runner } from '#shared/workflow/runner.ts';
import { tasksWait, type Volumes } from './context.ts';
import { upsertReport } from './hosts/store.ts';

/** What this service reacts to on the bus: hints that tasks wait, and what storage hosts ask and tell. */
export const openMessages = ({ bus, db, seal }: Volumes, runner: Runner): Off[] => [
  bus.onNotify(tasksWait, runner.wake),
  ...answerAgents<VolumeReport>(bus, db, 'volume', reportSaver(db), { contract: volumeAgent, seal }),
];

const freshMs = 5_000;

/** A host reports with each look for work, many times a second on a busy day: once in a while is enough to write it down. */
function reportSaver(db: Volumes['db']) {
  const keptAt = new Map<string, number>();
  return async (host: string, report: VolumeReport): Promise<void> => {
    if (Date.now() - (keptAt.get(host) ?? 0) < freshMs) return;
    await upsertReport(db, host, report);
    keptAt.set(host, Date.now());
  };
}
