/** Exposes a guest's VNC socket on a TCP port, for a proxy on another host: one connection, within 30 s. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { VncEndpoint } from '#shared/contracts/compute-agent.ts';
import { connectUnix } from '#shared/process/unix-socket.ts';

const openMs = 30_000;

/** Returns host:port. */
export async function relayOnce(screen: VncEndpoint, address: string): Promise<string> {
  const server = createServer({ pauseOnConnect: true });
  const timer = setTimeout(() => server.close(), openMs).unref();
  server.once('connection', (socket) => {
    clearTimeout(timer);
    server.close();
    connectToGuest(socket, screen).catch(() => socket.destroy());
  });
  server.listen(0, address);
  await once(server, 'listening');
  return `${address}:${(server.address() as AddressInfo).port}`;
}

async function connectToGuest(socket: Socket, { path, owner }: VncEndpoint): Promise<void> {
  const guest = await connectUnix(path, owner ?? undefined);
  socket.on('error', () => guest.destroy()).on('close', () => guest.destroy());
  guest.on('error', () => socket.destroy()).on('close', () => socket.destroy());
  socket.pipe(guest).pipe(socket);
}
