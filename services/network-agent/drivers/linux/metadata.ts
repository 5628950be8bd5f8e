/**
 * The metadata service at 169.254.169.254. Each network, and each interface of a router, has a listening socket of its own,
 * to which the rules of the namespace redirect requests from that side only. So the socket tells the guest's network.
 */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Bus } from '#shared/bus/bus.ts';
import { type AddressOwner, addressOwner, type MetadataOf, metadataOf } from '#shared/contracts/network-agent.ts';
import type { Log } from '#shared/log/log.ts';
import { createServer } from '#shared/net/http.ts';
import { listenInNetns } from '#shared/process/listen-in-netns.ts';

export interface ListenerSpec {
  readonly namespace: string;
  /** The interface of the namespace that it serves: the id of its port, or `network` in a DHCP namespace. */
  readonly side: string;
  readonly networkId: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface Metadata {
  /** Opens the missing listeners of a namespace and returns the port of each side. Other listeners stay open. */
  ensureListeners(namespace: string, specs: readonly ListenerSpec[]): Promise<ReadonlyMap<string, number>>;
  /** Closes the listeners of a namespace except those of the given sides. */
  closeExcept(namespace: string, sides: readonly string[]): Promise<void>;
  /** True when all of these listeners are open. */
  areOpen(specs: readonly ListenerSpec[]): boolean;
  close(): Promise<void>;
}

interface OpenListener {
  readonly spec: ListenerSpec;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

/** Limits the sockets that one network's guests can hold open. */
const socketsPerListener = 128;

export function openMetadata(bus: Bus, log: Log): Metadata {
  const namespaces = new Map<string, Map<string, OpenListener>>();
  const networkOf = new WeakMap<Socket, string>();
  const http = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 5_000 });
  http.on('request', (request, response) => {
    answer(bus, networkOf.get(request.socket), request, response).catch((error: unknown) => {
      log.warn({ error, path: request.url }, 'a metadata request failed');
      respond(response, 503, 'text/plain', 'The cloud does not answer at the moment. Try again.');
    });
  });
  const listenersOf = (namespace: string) => namespaces.get(namespace) ?? new Map<string, OpenListener>();
  const ensureListeners = async (namespace: string, specs: readonly ListenerSpec[]) => {
    const open = listenersOf(namespace);
    namespaces.set(namespace, open);
    for (const spec of specs.filter((each) => !isOpen(open, each))) {
      await closeListener(open.get(spec.side));
      open.set(spec.side, await listen(spec, http, networkOf));
    }
    return new Map(specs.map(({ side }) => [side, portOf(open.get(side))]));
  };
  const closeExcept = async (namespace: string, sides: readonly string[]) => {
    const open = listenersOf(namespace);
    for (const side of [...open.keys()].filter((each) => !sides.includes(each))) {
      await closeListener(open.get(side));
      open.delete(side);
    }
    if (open.size === 0) namespaces.delete(namespace);
  };
  const close = async () => {
    await Promise.all([...namespaces.keys()].map((namespace) => closeExcept(namespace, [])));
    http.close();
  };
  const areOpen = (specs: readonly ListenerSpec[]) => specs.every((spec) => isOpen(listenersOf(spec.namespace), spec));
  return { ensureListeners, closeExcept, areOpen, close };
}

/** A listener is open only for the network of its port at that time. */
const isOpen = (open: ReadonlyMap<string, OpenListener>, { side, networkId }: ListenerSpec) =>
  open.get(side)?.spec.networkId === networkId;

const portOf = (open: OpenListener | undefined) => (open?.server.address() as AddressInfo | null)?.port ?? 0;

async function listen(spec: ListenerSpec, http: HttpServer, networkOf: WeakMap<Socket, string>): Promise<OpenListener> {
  const server = await listenInNetns(spec.namespace, spec.port, spec.host);
  const sockets = new Set<Socket>();
  server.maxConnections = socketsPerListener;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    networkOf.set(socket, spec.networkId);
    http.emit('connection', socket);
  });
  return { spec, server, sockets };
}

async function closeListener(open: OpenListener | undefined): Promise<void> {
  if (!open) return;
  const closed = new Promise<void>((resolve) => open.server.close(() => resolve()));
  for (const socket of open.sockets) socket.destroy();
  await closed;
}

/** The guest's headers are not read and not passed on. */
async function answer(bus: Bus, networkId: string | undefined, request: IncomingMessage, response: ServerResponse) {
  const address = withoutMapping(request.socket.remoteAddress);
  if (networkId === undefined) return respond(response, 404, 'text/plain', 'Not Found');
  const posts = request.method === 'POST' && isPassword(request.url);
  if (request.method !== 'GET' && request.method !== 'HEAD' && !posts)
    return respond(response, 405, 'text/plain', 'Method Not Allowed');
  const owner = await bus.call<AddressOwner['reply']>(addressOwner, {
    networkId,
    address,
  } satisfies AddressOwner['request']);
  if (!owner) return respond(response, 404, 'text/plain', 'Not Found');
  const path = request.url?.split('?')[0] ?? '/';
  const sent = posts ? { posted: await bodyOf(request) } : {};
  const query: MetadataOf['request'] = { ...owner, path, address, ...sent };
  const { status, type, body, base64 } = await bus.call<MetadataOf['reply']>(metadataOf, query);
  respond(response, status, type, base64 ? Buffer.from(body, 'base64') : body);
}

/** A guest may send its password there, encrypted with the key of its server, and nothing else anywhere. */
const isPassword = (url = '') => /^\/openstack\/[^/]+\/password$/.test(url);
const maxPasswordBytes = 4_096;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > maxPasswordBytes) break; // too long for compute as well
  }
  return text;
}

function respond(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  if (response.headersSent) return;
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, headers).end(response.req.method === 'HEAD' ? undefined : body);
}

const withoutMapping = (address: string | undefined) => (address ?? '').replace(/^::ffff:/, '');
