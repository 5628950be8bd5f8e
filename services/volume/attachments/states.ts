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
  /** Asked again for the same host it gives what it gave; for another, a moved server, a new way in. */
  connect: {
    from: { status: ['reserved', 'attaching', 'attached', 'error_attaching'] },
    meanwhile: {},
  },
  disconnect: { from: {}, meanwhile: { status: 'detaching' }, overOwner: true },
} satisfies Record<string, Transition<States>>;
