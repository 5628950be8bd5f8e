import type { Knex } from 'knex';

/** CADF, as keystone's own notifications are. */
export interface AuditEvent {
  readonly typeURI: string;
  readonly id: string;
  readonly eventType: 'activity';
  readonly eventTime: string;
  readonly action: string;
  readonly outcome: 'success' | 'failure' | 'unknown';
  readonly reason?: { readonly reasonCode: string; readonly reasonType: 'HTTP' };
  readonly initiator: object;
  readonly target: object;
  readonly observer: object;
  readonly requestPath: string;
  /** LoginFailure a login was refused, which its caller is not told. */
  readonly detail?: string;
  /** Refusals of the same caller that were too many to be written one by one. */
  readonly unrecorded?: number;
}

export interface AuditRow {
  readonly id: string;
  readonly topic: string;
  readonly event: AuditEvent;
}

export const insertEvent = (db: Knex, { id, topic, event }: AuditRow, open: boolean) =>
  db('audit_events').insert({ id, topic, event: JSON.stringify(event), open, madeAt: Date.now() });

export const closeEvent = (db: Knex, { id, event }: AuditRow) =>
  db('audit_events')
    .where({ id })
    .update({ event: JSON.stringify(event), open: false });

/** Those that ended, and those whose request has died, oldest first. */
export async function listUnsent(db: Knex, diedBefore: number): Promise<AuditRow[]> {
  const rows = await db('audit_events')
    .where({ open: false })
    .orWhere('madeAt', '<', diedBefore)
    .orderBy('madeAt')
    .limit(200);
  return rows.map(({ id, topic, event }: { id: string; topic: string; event: string }) => ({
    id,
    topic,
    event: JSON.parse(event) as AuditEvent,
  }));
}

export const removeEvent = (db: Knex, id: string) => db('audit_events').where({ id }).delete();
