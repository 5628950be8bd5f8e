/** The two ends of a live migration: sockets of QEMU in the folder of a guest, joined through the door of the other host. */
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Transfer } from '#shared/contracts/compute-agent.ts';
import { connectUnix } from '#shared/process/unix-socket.ts';
import { chownTo } from '../disks.ts';
import type { Guest, QemuHost } from '../host.ts';
import { guestPaths } from '../paths.ts';
import { knock } from './door.ts';

export type Channel = 'memory' | 'disks';

export const channelPaths = {
  memory: { in: `${guestPaths.run}/memory-in.sock`, out: `${guestPaths.run}/memory-out.sock` },
  disks: { in: `${guestPaths.run}/disks-in.sock`, out: `${guestPaths.run}/disks-out.sock` },
} as const;

function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const)
    from.on('error', () => to.destroy()).on('close', () => to.destroy());
  one.pipe(other).pipe(one);
}

/** The destination: joins a connection at the door with the QEMU that waits for it. */
export async function enterGuest(host: QemuHost, { record }: Guest, to: Channel, socket: TLSSocket): Promise<void> {
  const path = host.places.of(record.id, channelPaths[to].in);
  join(socket, await connectUnix(path, record.uid ?? undefined));
}

interface Relay {
  close(): Promise<void>;
}

/** The source: each connection of QEMU to the socket goes to the door of the other host. */
export async function relayTo(
  host: QemuHost,
  { record }: Guest,
  channel: Channel,
  { address, transfer }: { readonly address: string; readonly transfer: Transfer },
): Promise<Relay> {
  const path = host.places.of(record.id, channelPaths[channel].out);
  await rm(path, { force: true });
  const folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  const open_ = new Set<Duplex>();
  const server = createServer({ pauseOnConnect: true }, (local) => {
    open_.add(local);
    local.on('error', () => {});
    knock(address, transfer, JSON.stringify({ to: channel })).then(
      (remote) => {
        open_.add(remote);
        join(local, remote);
        local.resume();
      },
      (error: unknown) => {
        host.log.warn({ serverId: record.id, error }, 'the other host of a live migration does not answer');
        local.destroy();
      },
    );
  });
  server.listen(`/proc/self/fd/${folder.fd}/${basename(path)}`); // the path itself may be too long for a socket
  await once(server, 'listening');
  await chownTo(record.uid, path);
  return {
    close: async () => {
      server.close();
      for (const each of open_) each.destroy();
      await folder.close();
      await rm(path, { force: true });
    },
  };
}
