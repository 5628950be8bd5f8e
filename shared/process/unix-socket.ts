/** Unix sockets at any path: the kernel takes 107 bytes, and a cloud may live deep below somebody's home. */
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';

/** Connects by way of the open folder, so that only the last part of the path counts. */
export async function connectUnix(path: string): Promise<Socket> {
  const folder = await open(dirname(path), 'r');
  try {
    const socket = connect(`/proc/self/fd/${folder.fd}/${basename(path)}`);
    await once(socket, 'connect');
    return socket;
  } finally {
    await folder.close();
  }
}
