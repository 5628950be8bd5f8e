import type { Transition } from '#shared/states/owned.ts';

export type BackupStatus = 'creating' | 'available' | 'restoring' | 'deleting' | 'error' | 'error_deleting';

interface States {
  readonly status: BackupStatus;
}

export const backupTransitions = {
  delete: { from: { status: ['available', 'error', 'error_deleting'] }, meanwhile: { status: 'deleting' } },
  /** Also cancels a backup that is being created. */
  forceDelete: { from: {}, meanwhile: { status: 'deleting' }, overOwner: true },
  restore: { from: { status: ['available'] }, meanwhile: { status: 'restoring' } },
} satisfies Record<string, Transition<States>>;

/** Statuses that os-reset_status accepts. */
export const resettable: readonly string[] = ['available', 'error'];
