/** Unix sockets at any path: the kernel takes 107 bytes, and a cloud may live deep below somebody's home. */
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';

/** A place in the file system and nothing more: Node has no name for it. */
const O_PATH = 0o10000000;

/** What stands at the path is not a socket of that user. */
export class ForeignSocket extends Error {}

/**
 * Connects to a socket that this user made (who we are, unless told). The folder may be the user's own, who is not trusted:
 * what stands there is opened without following a link, judged, and then it itself is connected to, whatever its name
 * means by then. A user can make no socket of another's: the owner of its inode is the peer.
 */
export async function connectUnix(path: string, owner = process.getuid?.() ?? 0): Promise<Socket> {
  const place = await open(path, O_PATH | constants.O_NOFOLLOW);
  try {
    const stat = await place.stat();
    if (!stat.isSocket() || stat.uid !== owner) throw new ForeignSocket(`${path} is no socket of user ${owner}`);
    const socket = connect(`/proc/self/fd/${place.fd}`);
    await once(socket, 'connect');
    return socket;
  } finally {
    await place.close();
  }
}
