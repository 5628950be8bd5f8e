/** All workflows of this service, for the runner. */
import type { Workflow } from '#shared/workflow/workflow.ts';
import type { Compute } from '../context.ts';
import { attachInterface, detachInterface } from './attach-interface.ts';
import { attachVolume, detachVolume, extendDisk } from './attach-volume.ts';
import { buildServer } from './build-server.ts';
import { deleteServer } from './delete-server.ts';
import { confirmResize } from './moves/confirm-resize.ts';
import { evacuateServer } from './moves/evacuate-server.ts';
import { liveMigrateServer } from './moves/live-migrate-server.ts';
import { resizeServer } from './moves/resize-server.ts';
import { revertResize } from './moves/revert-resize.ts';
import {
  hardRebootServer,
  pauseServer,
  rebootServer,
  resumeServer,
  startServer,
  stopServer,
  suspendServer,
  unpauseServer,
} from './power.ts';
import { rebuildServer } from './rebuild-server.ts';
import { rescueServer, unrescueServer } from './rescue-server.ts';
import { dropShelvedImage, offloadServer, shelveServer } from './shelve-server.ts';
import { dropSnapshot, snapshotServer } from './snapshot-server.ts';
import { restoreServer, softDeleteServer } from './soft-delete.ts';
import { startShelvedServer, unshelveServer } from './unshelve-server.ts';

export const workflows: readonly Workflow<never, Compute>[] = [
  buildServer,
  deleteServer,
  startServer,
  stopServer,
  rebootServer,
  hardRebootServer,
  pauseServer,
  unpauseServer,
  suspendServer,
  resumeServer,
  rebuildServer,
  rescueServer,
  unrescueServer,
  softDeleteServer,
  restoreServer,
  shelveServer,
  offloadServer,
  dropShelvedImage,
  unshelveServer,
  startShelvedServer,
  snapshotServer,
  dropSnapshot,
  attachVolume,
  detachVolume,
  extendDisk,
  attachInterface,
  detachInterface,
  evacuateServer,
  liveMigrateServer,
  resizeServer,
  confirmResize,
  revertResize,
];
