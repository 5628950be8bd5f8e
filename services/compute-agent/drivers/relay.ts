/** A guest's console for a proxy on another host: a port for one connection within half a minute, no longer. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Screen } from '#shared/contracts/compute-agent.ts';
import { connectUnix } from '#shared/process/unix-socket.ts';

const openMs = 30_000;

/** Gives host:port. */
export async function relayOnce(screen: Screen, address: string): Promise<string> {
  const server = createServer({ pauseOnConnect: true });
  const late = setTimeout(() => server.close(), openMs).unref();
  server.once('connection', (socket) => {
    clearTimeout(late);
    server.close();
    join(socket, screen).catch(() => socket.destroy());
  });
  server.listen(0, address);
  await once(server, 'listening');
  return `${address}:${(server.address() as AddressInfo).port}`;
}

async function join(socket: Socket, { path, owner }: Screen): Promise<void> {
  const guest = await connectUnix(path, owner ?? undefined);
  socket.on('error', () => guest.destroy()).on('close', () => guest.destroy());
  guest.on('error', () => socket.destroy()).on('close', () => socket.destroy());
  socket.pipe(guest).pipe(socket);
}
