/** Hands events to the bus and the log file, and forgets them when both have them. Safe to stop anywhere: some come twice, by one id. */
import { appendFile } from 'node:fs/promises';
import type { Identity } from '../context.ts';
import { type AuditRow, listUnsent, removeEvent } from './store.ts';

const diedAfterMs = 60_000;

/** One look: sends what there is. It remembers what the file has, so that a bus that is away for an hour fills no disk. */
export function openSender({ db, bus, config }: Pick<Identity, 'db' | 'bus' | 'config'>): () => Promise<void> {
  const written = new Set<string>();
  const write = async ({ id, event }: AuditRow) => {
    if (!config.auditFile || written.has(id)) return;
    await appendFile(config.auditFile, `${JSON.stringify(event)}\n`, { mode: 0o600 });
    written.add(id);
  };
  return async () => {
    for (;;) {
      const rows = await listUnsent(db, Date.now() - diedAfterMs);
      if (rows.length === 0) return;
      for (const row of rows) {
        await write(row);
        await bus.publish(row.topic, row.event);
        await removeEvent(db, row.id);
        written.delete(row.id);
      }
    }
  };
}
