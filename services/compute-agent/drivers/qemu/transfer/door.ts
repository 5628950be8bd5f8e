/**
 * The one port at which other hosts reach the guests of this one, for moves. Each connection is TLS with a key that compute made
 * for one transfer and gave to its two hosts alone: the name of the transfer selects the key, and without the key there is
 * no connection. The first line that the other host sends says what it wants.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { Transfer } from '#shared/contracts/compute-agent.ts';

export interface DoorOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The key of a transfer that this host takes part in. */
  keyOf(transferId: string): string | undefined;
  /** Answers one connection. An error closes it. */
  serve(transferId: string, request: string, socket: TLSSocket): Promise<void>;
  onError(error: unknown): void;
}

export interface Door {
  /** host:port. Listens from the first call on. */
  address(): Promise<string>;
  close(): Promise<void>;
}

/** With forward secrecy; both ends are of this program, so one suite is enough. */
const suite = { ciphers: 'ECDHE-PSK-CHACHA20-POLY1305', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const longestRequest = 1_000;
const requestWithinMs = 10_000;

export function openDoor(options: DoorOptions): Door {
  let listening: Promise<Server> | undefined;
  const sockets = new Set<TLSSocket>();
  const identities = new WeakMap<TLSSocket, string>();
  const listen = async (): Promise<Server> => {
    const server = createServer({
      ...suite,
      handshakeTimeout: requestWithinMs,
      pskCallback: (socket, identity) => {
        const key = options.keyOf(identity);
        identities.set(socket, identity);
        return key === undefined ? null : Buffer.from(key, 'base64url');
      },
    });
    server.on('secureConnection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
      answer(options, identities.get(socket), socket).catch((error: unknown) => {
        options.onError(error);
        socket.destroy();
      });
    });
    server.listen(options.port, options.host);
    await once(server, 'listening');
    return server;
  };
  return {
    address: async () => {
      listening ??= listen().catch((error: unknown) => {
        listening = undefined;
        throw error;
      });
      const { port } = (await listening).address() as AddressInfo;
      return `${options.host}:${port}`;
    },
    close: async () => {
      const server = await listening?.catch(() => undefined);
      for (const socket of sockets) socket.destroy();
      server?.close();
    },
  };
}

async function answer({ serve }: DoorOptions, transferId: string | undefined, socket: TLSSocket): Promise<void> {
  if (transferId === undefined) throw new Error('a connection without the name of a transfer');
  await serve(transferId, await readLine(socket), socket);
}

/** Connects to the door of another host, and sends the request. */
export async function knock(address: string, transfer: Transfer, request: string): Promise<TLSSocket> {
  const colon = address.lastIndexOf(':');
  const socket = connect({
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    ...suite,
    checkServerIdentity: () => undefined, // the key is the identity
    pskCallback: () => ({ psk: Buffer.from(transfer.transferKey, 'base64url'), identity: transfer.id }),
  });
  socket.setTimeout(requestWithinMs, () => socket.destroy(new Error(`no answer from ${address}`)));
  await once(socket, 'secureConnect');
  socket.setTimeout(0);
  socket.write(`${request}\n`);
  return socket;
}

/** Leaves what follows the line in the socket. */
export async function readLine(socket: TLSSocket): Promise<string> {
  const timer = setTimeout(() => socket.destroy(new Error('no request came')), requestWithinMs);
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) {
        if (socket.destroyed || socket.readableEnded) throw new Error('the connection ended before its first line');
        await Promise.race([once(socket, 'readable'), once(socket, 'end'), once(socket, 'close')]);
        continue;
      }
      const at = chunk.indexOf(0x0a);
      parts.push(at < 0 ? chunk : chunk.subarray(0, at));
      if (at >= 0) {
        if (at + 1 < chunk.length) socket.unshift(chunk.subarray(at + 1));
        return Buffer.concat(parts).toString();
      }
      if (parts.reduce((sum, { length }) => sum + length, 0) > longestRequest)
        throw new Error('the first line is too long');
    }
  } finally {
    clearTimeout(timer);
  }
}
