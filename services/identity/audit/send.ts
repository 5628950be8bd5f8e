/**
 * Sends events to the bus and the log file, then deletes them. May stop at any point: an event can be sent twice, with
 * the same id.
 */
import { appendFile } from 'node:fs/promises';
import type { Identity } from '../context.ts';
import { type AuditRow, listUnsent, removeEvent } from './store.ts';

const abandonedAfterMs = 60_000;

/** Sends all pending events. It remembers which are in the file, so that an unreachable bus does not fill the disk. */
export function openSender({ db, bus, config }: Pick<Identity, 'db' | 'bus' | 'config'>): () => Promise<void> {
  const written = new Set<string>();
  const write = async ({ id, event }: AuditRow) => {
    if (!config.auditFile || written.has(id)) return;
    await appendFile(config.auditFile, `${JSON.stringify(event)}\n`, { mode: 0o600 });
    written.add(id);
  };
  return async () => {
    for (;;) {
      const rows = await listUnsent(db, Date.now() - abandonedAfterMs);
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
