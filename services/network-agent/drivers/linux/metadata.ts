/** 169.254.169.254: each network has a door of its own, so who asks is known by where it asks and from which address. */
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Bus } from '#shared/bus/bus.ts';
import { type MetadataOf, metadataOf, type WhoseAddress, whoseAddress } from '#shared/contracts/network-agent.ts';
import type { Log } from '#shared/log/log.ts';
import { listenInNetns } from '#shared/process/listen-in-netns.ts';

export interface Door {
  readonly space: string;
  readonly host: string;
  readonly port: number;
  /** The network of the side at which the request came in, by the address it reached; null is nobody's business. */
  readonly networkAt: (localAddress: string) => string | null;
}

export interface Metadata {
  /** Safe to ask twice: an open door stays, and learns its networks anew. */
  ensureDoor(door: Door): Promise<void>;
  ensureNoDoor(space: string): Promise<void>;
  isOpen(space: string): boolean;
  close(): Promise<void>;
}

interface OpenDoor {
  door: Door;
  readonly listener: Server;
  readonly sockets: Set<Socket>;
}

/** One guest cannot take all the sockets of the agent. */
const socketsPerDoor = 128;

export function openMetadata(bus: Bus, log: Log): Metadata {
  const doors = new Map<string, OpenDoor>();
  const networkOf = new WeakMap<Socket, string>();
  const http = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 5_000 });
  http.on('request', (request, response) => {
    answer(bus, networkOf.get(request.socket), request, response).catch((error: unknown) => {
      log.warn({ error, path: request.url }, 'metadata could not be asked for');
      say(response, 503, 'text/plain', 'The cloud does not answer at the moment. Try again.');
    });
  });
  const ensureDoor = async (door: Door) => {
    const open = doors.get(door.space);
    if (open) open.door = door;
    else doors.set(door.space, await hang(door, http, networkOf));
  };
  const ensureNoDoor = async (space: string) => {
    const open = doors.get(space);
    doors.delete(space);
    if (open) await shut(open);
  };
  const close = async () => {
    await Promise.all([...doors.keys()].map(ensureNoDoor));
    http.close();
  };
  return { ensureDoor, ensureNoDoor, isOpen: (space) => doors.has(space), close };
}

async function hang(door: Door, http: HttpServer, networkOf: WeakMap<Socket, string>): Promise<OpenDoor> {
  const listener = await listenInNetns(door.space, door.port, door.host);
  const open: OpenDoor = { door, listener, sockets: new Set() };
  listener.maxConnections = socketsPerDoor;
  listener.on('connection', (socket: Socket) => {
    const network = open.door.networkAt(plain(socket.localAddress));
    if (network === null) return socket.destroy();
    open.sockets.add(socket);
    socket.once('close', () => open.sockets.delete(socket));
    networkOf.set(socket, network);
    http.emit('connection', socket);
  });
  return open;
}

const shut = ({ listener, sockets }: OpenDoor) =>
  new Promise<void>((resolve) => {
    listener.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });

/** No header of the guest is believed, and none is passed on. */
async function answer(bus: Bus, networkId: string | undefined, request: IncomingMessage, response: ServerResponse) {
  const address = plain(request.socket.remoteAddress);
  if (networkId === undefined) return say(response, 404, 'text/plain', 'Not Found');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return say(response, 405, 'text/plain', 'Method Not Allowed');
  const who = await bus.ask<WhoseAddress['answer']>(whoseAddress, { networkId, address } satisfies WhoseAddress['ask']);
  if (!who) return say(response, 404, 'text/plain', 'Not Found');
  const path = request.url?.split('?')[0] ?? '/';
  const ask: MetadataOf['ask'] = { serverId: who.serverId, path, address };
  const { status, type, body } = await bus.ask<MetadataOf['answer']>(metadataOf, ask);
  say(response, status, type, body);
}

function say(response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent) return;
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, headers).end(response.req.method === 'HEAD' ? undefined : body);
}

const plain = (address: string | undefined) => (address ?? '').replace(/^::ffff:/, '');
