import type { Transition } from '#shared/states/owned.ts';

export type SnapshotStatus =
  | 'creating'
  | 'available'
  | 'restoring'
  | 'unmanaging'
  | 'deleting'
  | 'error'
  | 'error_deleting';

interface States {
  readonly status: SnapshotStatus;
}

export const snapshotTransitions = {
  delete: { from: { status: ['available', 'error', 'error_deleting'] }, meanwhile: { status: 'deleting' } },
  /** While its volume is reverted to it. */
  restore: { from: { status: ['available'] }, meanwhile: { status: 'restoring' } },
  unmanage: { from: { status: ['available', 'error'] }, meanwhile: { status: 'unmanaging' } },
  forceDelete: { from: {}, meanwhile: { status: 'deleting' }, overOwner: true },
} satisfies Record<string, Transition<States>>;

export const resettable: readonly string[] = ['available', 'creating', 'deleting', 'error', 'error_deleting'];
