/** All actions: their routes and schemas follow from this list. */
import type { ServerAction } from '../action.ts';
import { getConsoleOutput, getRdpConsole, getSpiceConsole, getVncConsole } from './console.ts';
import { createBackup } from './create-backup.ts';
import { createImage } from './create-image.ts';
import { evacuate } from './evacuate.ts';
import { addFixedIp, removeFixedIp } from './fixed-ips.ts';
import { addFloatingIp, removeFloatingIp } from './floating-ips.ts';
import { forceDelete } from './force-delete.ts';
import { changePassword, injectNetworkInfo, resetNetwork, triggerCrashDump } from './inside.ts';
import { lock } from './lock.ts';
import { migrate, migrateLive } from './migrate.ts';
import { pause } from './pause.ts';
import { reboot } from './reboot.ts';
import { rebuild } from './rebuild.ts';
import { rescue, unrescue } from './rescue.ts';
import { resetState } from './reset-state.ts';
import { confirmResize, resize, revertResize } from './resize.ts';
import { restore } from './restore.ts';
import { addSecurityGroup, removeSecurityGroup } from './security-groups.ts';
import { shelve, shelveOffload, unshelve } from './shelve.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';
import { resume, suspend } from './suspend.ts';
import { unlock } from './unlock.ts';
import { unpause } from './unpause.ts';

export const serverActions: readonly ServerAction[] = [
  start,
  stop,
  pause,
  unpause,
  suspend,
  resume,
  forceDelete,
  unlock,
  lock,
  reboot,
  rebuild,
  rescue,
  unrescue,
  restore,
  createImage,
  createBackup,
  shelve,
  shelveOffload,
  unshelve,
  resetState,
  triggerCrashDump,
  changePassword,
  injectNetworkInfo,
  resetNetwork,
  addSecurityGroup,
  removeSecurityGroup,
  addFixedIp,
  removeFixedIp,
  addFloatingIp,
  removeFloatingIp,
  getConsoleOutput,
  getVncConsole,
  getSpiceConsole,
  getRdpConsole,
  resize,
  confirmResize,
  revertResize,
  migrate,
  migrateLive,
  evacuate,
];
