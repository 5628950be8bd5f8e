/** The periodic work of an agent. Each run starts from the present state of the disks. */
import { every } from '#shared/clock/every.ts';
import { diskOf } from './context.ts';
import { openDatabaseAuditor } from './listings/audit.ts';
import { reportAll } from './listings/report.ts';
import { announceAgain } from './objects/announce.ts';
import { openAuditor } from './objects/audit.ts';
import { recoverFromPowerCut, recoverTemporaries } from './objects/recover.ts';
import type { AgentWorld } from './replication/answers.ts';
import { reclaim } from './replication/reclaim.ts';
import { replicate } from './replication/replicator.ts';

/** Runs before the agent serves calls, so that leftovers of a crash are not mixed with writes in progress. */
export async function recover(context: AgentWorld): Promise<void> {
  for (const disk of context.disks.values()) if (diskOf(context, disk.name)) await recoverTemporaries(context, disk);
}

/** A device may fail meanwhile; the others are still processed. */
async function careFor(context: AgentWorld, device: string): Promise<void> {
  const disk = diskOf(context, device);
  if (!disk) return;
  await recoverFromPowerCut(context, disk);
  await announceAgain(context, device);
  await replicate(context, device);
  reclaim(context, device);
}

const openAuditors = (context: AgentWorld, device: string) => ({
  objects: openAuditor(context, device),
  databases: openDatabaseAuditor(context, device),
});

export function startTimers(context: AgentWorld): () => Promise<void> {
  const { settings, disks, log } = context;
  const auditors = new Map<string, ReturnType<typeof openAuditors>>();
  const onError = (error: unknown) => log.error({ error }, 'a timer of the object agent failed');
  let lookAt = Date.now() + settings.rehashMs;

  const compare = async () => {
    const began = Date.now();
    const looks = began >= lookAt;
    if (looks) for (const name of disks.keys()) context.onChange(name);
    for (const name of disks.keys()) await careFor(context, name).catch(onError);
    if (looks) lookAt = Date.now() + Math.max(settings.rehashMs, (Date.now() - began) * 100);
  };
  const audit = async () => {
    for (const name of disks.keys()) {
      const { objects, databases } = auditors.get(name) ?? openAuditors(context, name);
      auditors.set(name, { objects, databases });
      await objects.step(settings.auditMb * 2 ** 20);
      databases.step();
    }
  };
  const tickers = [
    every(settings.replicateMs, compare, onError),
    every(settings.auditMs, audit, onError),
    every(settings.reportMs, () => reportAll(context), onError),
  ];
  return async () => {
    await Promise.all(tickers.map((ticker) => ticker.close()));
  };
}
