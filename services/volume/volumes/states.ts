import type { Transition } from '#shared/states/owned.ts';

export type VolumeStatus =
  | 'creating'
  | 'downloading'
  | 'available'
  | 'reserved'
  | 'attaching'
  | 'in-use'
  | 'detaching'
  | 'extending'
  | 'uploading'
  | 'backing-up'
  | 'restoring-backup'
  | 'reverting'
  | 'retyping'
  | 'managing'
  | 'unmanaging'
  | 'deleting'
  | 'error'
  | 'error_managing'
  | 'error_restoring'
  | 'error_attaching'
  | 'error_detaching'
  | 'error_deleting'
  | 'error_extending'
  | 'maintenance'
  | 'awaiting-transfer';

interface States {
  readonly status: VolumeStatus;
}

const deletable: readonly VolumeStatus[] = [
  'available',
  'error',
  'error_restoring',
  'error_extending',
  'error_deleting',
  'error_managing',
];

/** The transitions of a volume: the statuses a request may start from, and the status while its task runs. */
export const volumeTransitions = {
  delete: {
    from: { status: deletable },
    meanwhile: { status: 'deleting' },
  },
  forceDelete: { from: {}, meanwhile: { status: 'deleting' }, overOwner: true },
  unmanage: { from: { status: deletable }, meanwhile: { status: 'unmanaging' } },
  extend: { from: { status: ['available'] }, meanwhile: { status: 'extending' } },
  extendInUse: { from: { status: ['in-use'] }, meanwhile: { status: 'extending' } },
  upload: { from: { status: ['available'] }, meanwhile: { status: 'uploading' } },
  uploadInUse: { from: { status: ['available', 'in-use'] }, meanwhile: { status: 'uploading' } },
  backup: { from: { status: ['available', 'in-use'] }, meanwhile: { status: 'backing-up' } },
  restore: { from: { status: ['available'] }, meanwhile: { status: 'restoring-backup' } },
  revert: { from: { status: ['available'] }, meanwhile: { status: 'reverting' } },
  reimage: { from: { status: ['available', 'error'] }, meanwhile: { status: 'downloading' } },
  migrate: { from: { status: ['available'] }, meanwhile: { status: 'maintenance' } },
  retype: { from: { status: ['available'] }, meanwhile: { status: 'retyping' } },
  reimageReserved: { from: { status: ['available', 'error', 'reserved'] }, meanwhile: { status: 'downloading' } },
} satisfies Record<string, Transition<States>>;

/** Statuses derived from attachments; and those that a forced detach may reset, too. */
export const attachmentStatuses: readonly VolumeStatus[] = ['reserved', 'attaching', 'in-use', 'detaching'];
export const failedStatuses: readonly VolumeStatus[] = ['error', 'error_attaching', 'error_detaching'];

/** Statuses that os-reset_status accepts. */
export const resettable: readonly string[] = [
  'creating',
  'available',
  'deleting',
  'error',
  'error_deleting',
  'attaching',
  'detaching',
  'in-use',
  'maintenance',
  'reserved',
];

/** Statuses of migrations that os-reset_status accepts. */
export const migrationStatuses: readonly string[] = ['migrating', 'error', 'success', 'completing', 'none', 'starting'];
