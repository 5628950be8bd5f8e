/** Connects to Unix sockets at paths of any length: the kernel limits a socket address to 107 bytes. */
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';

/** open(2) with O_PATH: a reference to a file without opening it. Node has no constant for it. */
const O_PATH = 0o10000000;

/** The file at the path is not a socket of the expected user. */
export class ForeignSocket extends Error {}

/**
 * Connects to a socket whose file `owner` owns (by default the user of this process). The folder may belong to an untrusted
 * user, so the file is opened without following links, checked, and connected to through its descriptor: replacing the path
 * meanwhile has no effect. The owner of a socket file is the user that bound it. Throws ForeignSocket.
 */
export async function connectUnix(path: string, owner = process.getuid?.() ?? 0): Promise<Socket> {
  const file = await open(path, O_PATH | constants.O_NOFOLLOW);
  try {
    const stat = await file.stat();
    if (!stat.isSocket() || stat.uid !== owner) throw new ForeignSocket(`${path} is no socket of user ${owner}`);
    const socket = connect(`/proc/self/fd/${file.fd}`);
    await once(socket, 'connect');
    return socket;
  } finally {
    await file.close();
  }
}
