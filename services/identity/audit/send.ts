/** Hands events to the bus and the log file, and forgets them when both have them. Safe to stop anywhere: some come twice, by one id. */
import { appendFile } from 'node:fs/promises';
import type { Identity } from '../context.ts';
import { listUnsent, removeEvent } from './store.ts';

const diedAfterMs = 60_000;

export async function sendEvents({ db, bus, config }: Pick<Identity, 'db' | 'bus' | 'config'>): Promise<void> {
  for (;;) {
    const rows = await listUnsent(db, Date.now() - diedAfterMs);
    if (rows.length === 0) return;
    for (const { id, topic, event } of rows) {
      if (config.auditFile) await appendFile(config.auditFile, `${JSON.stringify(event)}\n`, { mode: 0o600 });
      await bus.notify(topic, event);
      await removeEvent(db, id);
    }
  }
}
