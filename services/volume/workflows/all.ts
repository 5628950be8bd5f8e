/** All workflows of this service, for the runner. */
import type { Workflow } from '#shared/workflow/workflow.ts';
import type { Volumes } from '../context.ts';
import { connectAttachment, disconnectAttachment } from './attachments.ts';
import { createBackup, deleteBackup, importBackup, restoreBackup } from './backups.ts';
import { createVolume } from './create-volume.ts';
import { deleteVolume } from './delete-volume.ts';
import { extendVolume } from './extend-volume.ts';
import { copyGroup, createGroupSnapshot, deleteGroup, deleteGroupSnapshot } from './groups.ts';
import { manage, unmanage } from './manage.ts';
import { moveVolume } from './move-volume.ts';
import { reimageVolume, revertVolume } from './replace-data.ts';
import { createSnapshot, deleteSnapshot } from './snapshots.ts';
import { uploadVolume } from './upload-volume.ts';

export const workflows: readonly Workflow<never, Volumes>[] = [
  createVolume,
  deleteVolume,
  extendVolume,
  uploadVolume,
  createSnapshot,
  deleteSnapshot,
  connectAttachment,
  disconnectAttachment,
  revertVolume,
  reimageVolume,
  createBackup,
  deleteBackup,
  restoreBackup,
  importBackup,
  moveVolume,
  manage,
  unmanage,
  deleteGroup,
  copyGroup,
  createGroupSnapshot,
  deleteGroupSnapshot,
];
