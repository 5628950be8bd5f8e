/**
 * Where things lie. The agent's folders are closed to others; a guest's process gets there by its working
 * directory alone, so the cloud may live below a home that no other user can enter, and paths stay short.
 */
import { join } from 'node:path';

/** As the guest's process names them, from its working directory. The folder `run` is its own, the rest is the agent's. */
export const within = {
  run: 'run',
  qmp: 'run/qmp.sock',
  monitor: 'run/monitor.sock',
  serial: 'run/serial.sock',
  vnc: 'run/vnc.sock',
  console: 'run/console.log',
  output: 'qemu.log',
  record: 'guest.json',
  configDrive: 'config.iso',
  configTree: 'config.tree',
  disk: (key: string) => `${key}.qcow2`,
  base: (imageId: string, format: string) => `base-${imageId}.${format}`,
  snapshot: 'snapshot.new',
} as const;

export interface Places {
  readonly root: string;
  readonly images: string;
  readonly guests: string;
  guest(id: string): string;
  of(id: string, file: string): string;
}

export function placesIn(root: string): Places {
  const guests = join(root, 'guests');
  return {
    root,
    images: join(root, 'images'),
    guests,
    guest: (id) => join(guests, plain(id)),
    of: (id, file) => join(guests, plain(id), file),
  };
}

/** An id becomes a folder's name: nothing that leads elsewhere. */
function plain(id: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(id)) throw new Error(`no folder can be named ${JSON.stringify(id)}`);
  return id;
}
