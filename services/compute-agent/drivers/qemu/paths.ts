/**
 * The layout of the state directory. Other users cannot enter the agent's folders; a guest's process reaches its files
 * through its working directory, so the cloud may be in a home that no other user can enter, and socket paths stay short.
 */
import { join } from 'node:path';

/** Relative to the working directory of the guest's process. The guest's user owns `run`, the agent owns the rest. */
export const guestPaths = {
  run: 'run',
  qmp: 'run/qmp.sock',
  monitor: 'run/monitor.sock',
  serial: 'run/serial.sock',
  vnc: 'run/vnc.sock',
  guestAgent: 'run/agent.sock',
  memorySocket: 'run/memory.sock',
  console: 'run/console.log',
  output: 'qemu.log',
  record: 'guest.json',
  configDrive: 'config.iso',
  memory: 'memory',
  configTree: 'config.tree',
  disk: (key: string) => `${key}.qcow2`,
  base: (imageId: string, format: string) => `base-${imageId}.${format}`,
  snapshot: 'snapshot.new',
} as const;

export interface StatePaths {
  readonly root: string;
  readonly images: string;
  readonly guests: string;
  guest(id: string): string;
  of(id: string, file: string): string;
}

export function statePathsIn(root: string): StatePaths {
  const guests = join(root, 'guests');
  return {
    root,
    images: join(root, 'images'),
    guests,
    guest: (id) => join(guests, checkedName(id)),
    of: (id, file) => join(guests, checkedName(id), file),
  };
}

/** An id that is used as the name of a folder: no path traversal. */
function checkedName(id: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(id)) throw new Error(`invalid name of a folder: ${JSON.stringify(id)}`);
  return id;
}
