import type { Off } from '#shared/bus/bus.ts';
import type { VolumeReport } from '#shared/contracts/volume-agent.ts';
import { answerAgents } from '#shared/hosts/hosts.ts';
import type { Runner } from '#shared/workflow/runner.ts';
import { tasksWait, type Volumes } from './context.ts';
import { keepReport } from './hosts/store.ts';

/** What this service reacts to on the bus: hints that tasks wait, and what storage hosts ask and tell. */
export const openMessages = ({ bus, db }: Volumes, runner: Runner): Off[] => [
  bus.onHint(tasksWait, runner.wake),
  ...answerAgents<VolumeReport>(bus, db, 'volume', (host, report) => keepReport(db, host, report)),
];
