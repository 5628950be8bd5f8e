/** Records why a task failed in a message: a public reason for users, the full one for administrators. */
import type { Knex } from 'knex';
import type { Run } from '#shared/workflow/workflow.ts';
import type { Message } from '../user-messages/resource.ts';
import { insertMessage } from '../user-messages/store.ts';
import { publicReason } from './reasons.ts';

/** Cinder's event ids (action and detail numbers) and their texts. */
const events = {
  create: ['VOLUME_001_003', 'create volume'],
  schedule: ['VOLUME_001_001', 'schedule allocate volume'],
  delete: ['VOLUME_013_001', 'delete volume'],
  extend: ['VOLUME_006_007', 'extend volume'],
  upload: ['VOLUME_005_004', 'copy volume to image'],
  attach: ['VOLUME_002_001', 'attach volume'],
  snapshot: ['VOLUME_008_001', 'create snapshot'],
  deleteSnapshot: ['VOLUME_SNAPSHOT_010_001', 'delete snapshot'],
  deleteGroup: ['VOLUME_GROUP_013_001', 'delete group'],
  copyGroup: ['VOLUME_GROUP_001_003', 'create group from source'],
  groupSnapshot: ['GROUP_SNAPSHOT_008_001', 'create group snapshot'],
  deleteGroupSnapshot: ['GROUP_SNAPSHOT_010_001', 'delete group snapshot'],
  backup: ['VOLUME_BACKUP_013_001', 'create backup'],
  restore: ['VOLUME_BACKUP_015_001', 'restore backup'],
  deleteBackup: ['VOLUME_BACKUP_014_001', 'delete backup'],
  importBackup: ['VOLUME_BACKUP_013_001', 'import backup'],
  revert: ['VOLUME_SNAPSHOT_015_008', 'revert to snapshot'],
  manage: ['VOLUME_003_001', 'manage volume'],
  retype: ['VOLUME_007_001', 'retype volume'],
  migrate: ['VOLUME_017_001', 'migrate volume'],
  reimage: ['VOLUME_016_001', 'reimage volume'],
} as const;

interface About {
  readonly projectId: string;
  readonly resourceId: string;
  readonly resourceType?: Message['resourceType'];
}

export async function recordFailure(
  tx: Knex,
  event: keyof typeof events,
  { projectId, resourceId, resourceType = 'VOLUME' }: About,
  { requestId, details }: Run,
  reason: string,
): Promise<void> {
  const [eventId, action] = events[event];
  const [userMessage, detail] = [`${action}:${publicReason(reason)}`, `${action}:${details ?? reason}`];
  await insertMessage(tx, { projectId, resourceId, resourceType, requestId, eventId, userMessage, detail });
}
