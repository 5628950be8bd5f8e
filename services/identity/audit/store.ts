import type { Knex } from 'knex';

/** A CADF event, as in Keystone's notifications. */
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
  /** Why a login was refused; not part of the response. */
  readonly detail?: string;
  /** Number of refusals of this caller that were not recorded. */
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

/** Closed events, and those whose process has died, oldest first. */
export async function listUnsent(db: Knex, abandonedBefore: number): Promise<AuditRow[]> {
  const rows = await db('audit_events')
    .where({ open: false })
    .orWhere('madeAt', '<', abandonedBefore)
    .orderBy('madeAt')
    .limit(200);
  return rows.map(({ id, topic, event }: { id: string; topic: string; event: string }) => ({
    id,
    topic,
    event: JSON.parse(event) as AuditEvent,
  }));
}

export const removeEvent = (db: Knex, id: string) => db('audit_events').where({ id }).delete();
