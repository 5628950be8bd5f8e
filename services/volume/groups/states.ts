import type { Transition } from '#shared/states/owned.ts';

export type GroupStatus = 'creating' | 'available' | 'deleting' | 'error' | 'error_deleting';

interface States {
  readonly status: GroupStatus;
}

export const groupTransitions = {
  delete: { from: { status: ['available', 'error', 'error_deleting'] }, meanwhile: { status: 'deleting' } },
} satisfies Record<string, Transition<States>>;

export const resettable: readonly string[] = ['available', 'creating', 'deleting', 'error', 'error_deleting'];
