/**
 * 169.254.169.254. A guest is known by the side that its request came in on: each network, and each leg of a router,
 * has a listening socket of its own, which the rules of the namespace lead that side to and no other.
 */
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Bus } from '#shared/bus/bus.ts';
import { type MetadataOf, metadataOf, type WhoseAddress, whoseAddress } from '#shared/contracts/network-agent.ts';
import type { Log } from '#shared/log/log.ts';
import { listenInNetns } from '#shared/process/listen-in-netns.ts';

export interface Endpoint {
  readonly space: string;
  /** Which side of the namespace: the id of the port there. */
  readonly side: string;
  readonly networkId: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface Metadata {
  /** Opens the doors of a namespace that are not open yet; gives the port of each side. Others stay open. */
  ensureDoors(space: string, endpoints: readonly Endpoint[]): Promise<ReadonlyMap<string, number>>;
  /** Closes the doors of all other sides: none of them when no side is named. */
  keepOnly(space: string, sides: readonly string[]): Promise<void>;
  /** Whether all these doors are open. */
  areOpen(endpoints: readonly Endpoint[]): boolean;
  close(): Promise<void>;
}

interface OpenEndpoint {
  readonly endpoint: Endpoint;
  readonly listener: Server;
  readonly sockets: Set<Socket>;
}

/** One guest cannot take all the sockets of the agent. */
const socketsPerEndpoint = 128;

export function openMetadata(bus: Bus, log: Log): Metadata {
  const spaces = new Map<string, Map<string, OpenEndpoint>>();
  const networkOf = new WeakMap<Socket, string>();
  const http = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 5_000 });
  http.on('request', (request, response) => {
    answer(bus, networkOf.get(request.socket), request, response).catch((error: unknown) => {
      log.warn({ error, path: request.url }, 'metadata could not be asked for');
      say(response, 503, 'text/plain', 'The cloud does not answer at the moment. Try again.');
    });
  });
  const endpointsOf = (space: string) => spaces.get(space) ?? new Map<string, OpenEndpoint>();
  const ensureDoors = async (space: string, endpoints: readonly Endpoint[]) => {
    const open = endpointsOf(space);
    spaces.set(space, open);
    for (const endpoint of endpoints.filter((each) => !isOpen(open, each))) {
      await shut(open.get(endpoint.side));
      open.set(endpoint.side, await hang(endpoint, http, networkOf));
    }
    return new Map(endpoints.map(({ side }) => [side, portOf(open.get(side))]));
  };
  const keepOnly = async (space: string, sides: readonly string[]) => {
    const open = endpointsOf(space);
    for (const side of [...open.keys()].filter((each) => !sides.includes(each))) {
      await shut(open.get(side));
      open.delete(side);
    }
    if (open.size === 0) spaces.delete(space);
  };
  const close = async () => {
    await Promise.all([...spaces.keys()].map((space) => keepOnly(space, [])));
    http.close();
  };
  const areOpen = (endpoints: readonly Endpoint[]) =>
    endpoints.every((endpoint) => isOpen(endpointsOf(endpoint.space), endpoint));
  return { ensureDoors, keepOnly, areOpen, close };
}

/** A port may have moved to another network, which its open socket does not know. */
const isOpen = (open: ReadonlyMap<string, OpenEndpoint>, { side, networkId }: Endpoint) =>
  open.get(side)?.endpoint.networkId === networkId;

const portOf = (open: OpenEndpoint | undefined) => (open?.listener.address() as AddressInfo | null)?.port ?? 0;

async function hang(endpoint: Endpoint, http: HttpServer, networkOf: WeakMap<Socket, string>): Promise<OpenEndpoint> {
  const listener = await listenInNetns(endpoint.space, endpoint.port, endpoint.host);
  const sockets = new Set<Socket>();
  listener.maxConnections = socketsPerEndpoint;
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    networkOf.set(socket, endpoint.networkId);
    http.emit('connection', socket);
  });
  return { endpoint, listener, sockets };
}

async function shut(open: OpenEndpoint | undefined): Promise<void> {
  if (!open) return;
  const closed = new Promise<void>((resolve) => open.listener.close(() => resolve()));
  for (const socket of open.sockets) socket.destroy();
  await closed;
}

/** No header of the guest is believed, and none is passed on. */
async function answer(bus: Bus, networkId: string | undefined, request: IncomingMessage, response: ServerResponse) {
  const address = plain(request.socket.remoteAddress);
  if (networkId === undefined) return say(response, 404, 'text/plain', 'Not Found');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return say(response, 405, 'text/plain', 'Method Not Allowed');
  const caller = await bus.call<WhoseAddress['answer']>(whoseAddress, {
    networkId,
    address,
  } satisfies WhoseAddress['ask']);
  if (!caller) return say(response, 404, 'text/plain', 'Not Found');
  const path = request.url?.split('?')[0] ?? '/';
  const ask: MetadataOf['ask'] = { ...caller, path, address };
  const { status, type, body, base64 } = await bus.call<MetadataOf['answer']>(metadataOf, ask);
  say(response, status, type, base64 ? Buffer.from(body, 'base64') : body);
}

function say(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  if (response.headersSent) return;
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, headers).end(response.req.method === 'HEAD' ? undefined : body);
}

const plain = (address: string | undefined) => (address ?? '').replace(/^::ffff:/, '');
