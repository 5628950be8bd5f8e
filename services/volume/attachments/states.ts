import type { Transition } from '#shared/states/owned.ts';

export type AttachmentStatus =
  | 'reserved'
  | 'attaching'
  | 'attached'
  | 'detaching'
  | 'error_attaching'
  | 'error_detaching';

interface States {
  readonly status: AttachmentStatus;
}

export const attachmentTransitions = {
  /** Idempotent for the same host; for another host (a migrated server) it makes a new grant. */
  connect: {
    from: { status: ['reserved', 'attaching', 'attached', 'error_attaching'] },
    meanwhile: {},
  },
  disconnect: { from: {}, meanwhile: { status: 'detaching' }, overOwner: true },
} satisfies Record<string, Transition<States>>;
