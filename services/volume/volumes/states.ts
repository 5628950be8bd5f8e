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
  | 'deleting'
  | 'error'
  | 'error_attaching'
  | 'error_detaching'
  | 'error_deleting'
  | 'error_extending'
  | 'maintenance'
  | 'awaiting-transfer';

interface States {
  readonly status: VolumeStatus;
}

/** Which request may take a volume, from which statuses, and what the volume says meanwhile. */
export const volumeTransitions = {
  delete: {
    from: { status: ['available', 'error', 'error_extending', 'error_deleting'] },
    meanwhile: { status: 'deleting' },
  },
  forceDelete: { from: {}, meanwhile: { status: 'deleting' }, overOwner: true },
  extend: { from: { status: ['available'] }, meanwhile: { status: 'extending' } },
  upload: { from: { status: ['available'] }, meanwhile: { status: 'uploading' } },
  uploadInUse: { from: { status: ['available', 'in-use'] }, meanwhile: { status: 'uploading' } },
} satisfies Record<string, Transition<States>>;

/** What attachments make of a volume; and what an administrator's force turns into it, too. */
export const attachmentStatuses: readonly VolumeStatus[] = ['reserved', 'attaching', 'in-use', 'detaching'];
export const failedStatuses: readonly VolumeStatus[] = ['error', 'error_attaching', 'error_detaching'];

/** What an administrator may say a volume is. */
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
