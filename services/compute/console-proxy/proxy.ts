/** The noVNC proxy: a page for browsers, and a WebSocket to the VNC server of a guest for an unused console token. */
import type { IncomingMessage } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import type { VncEndpoint } from '#shared/contracts/compute-agent.ts';
import { type Listening, listen } from '#shared/http/server.ts';
import type { Log } from '#shared/log/log.ts';
import { createServer } from '#shared/net/http.ts';
import { connectUnix } from '#shared/process/unix-socket.ts';
import { listFiles, sendFile } from './files.ts';

interface ConsoleGrant {
  readonly host: string;
  readonly serverId: string;
}

interface ConsoleProxyOptions {
  readonly at: { readonly host: string; readonly port: number };
  /** Consumes the token; null when it is unknown, expired, or used. */
  readonly redeemConsoleToken: (token: string) => Promise<ConsoleGrant | null>;
  /** Gets the VNC server of the guest from its host. */
  readonly vncEndpointOf: (right: ConsoleGrant) => Promise<VncEndpoint>;
  readonly log: Log;
  /** The maximum number of open consoles of a server. */
  readonly perServer: number;
}

/** Browsers send key and pointer events; a clipboard may be larger. */
const maxMessageBytes = 1024 * 1024;

export async function startConsoleProxy(options: ConsoleProxyOptions): Promise<Listening> {
  const files = listFiles();
  const open: OpenConsoles = new Map();
  const server = createServer((request, answer) => {
    request.resume();
    sendFile(files, pathOf(request), answer);
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => (offered.has('binary') ? 'binary' : false),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    connectScreen(options, request, open)
      .then((screen) => {
        if (!screen) return refuse(socket);
        if (screen === 'tooMany') return refuse(socket, '429 Too Many Requests');
        sockets.handleUpgrade(request, socket, head, (browser) => void pipeBoth(browser, screen));
      })
      .catch((error: unknown) => {
        options.log.warn({ error }, 'could not open a console');
        refuse(socket, '502 Bad Gateway');
      });
  });
  const listening = await listen(server, options.at);
  const close = async () => {
    for (const browser of sockets.clients) browser.terminate();
    await listening.close();
  };
  return { ...listening, close };
}

const urlOf = ({ url = '/' }: IncomingMessage) => new URL(url, 'http://console');
const pathOf = (request: IncomingMessage) => {
  try {
    return urlOf(request).pathname;
  } catch {
    return '';
  }
};

/** Checks the origin first, so that a page of another origin cannot consume a token. */
async function connectScreen(
  options: ConsoleProxyOptions,
  request: IncomingMessage,
  open: OpenConsoles,
): Promise<Socket | 'tooMany' | null> {
  const token = urlOf(request).searchParams.get('token');
  if (!token || !isSameOrigin(request)) return null;
  const right = await options.redeemConsoleToken(token);
  if (!right) return null;
  const { serverId } = right;
  if ((open.get(serverId) ?? 0) >= options.perServer) return 'tooMany';
  count(open, serverId, 1);
  const screen = await options
    .vncEndpointOf(right)
    .then(connect)
    .catch((error: unknown) => {
      count(open, serverId, -1);
      throw error;
    });
  screen.once('close', () => count(open, serverId, -1));
  options.log.info({ ...right }, 'opened a console');
  return screen;
}

/** Server id to the number of its open consoles. */
type OpenConsoles = Map<string, number>;

function count(open: OpenConsoles, serverId: string, by: number): void {
  const now = (open.get(serverId) ?? 0) + by;
  if (now > 0) open.set(serverId, now);
  else open.delete(serverId);
}

/** Browsers send Origin; other clients do not, and run no pages of others. */
function isSameOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

async function connect({ path, owner }: VncEndpoint): Promise<Socket> {
  if (path.startsWith('/')) return connectUnix(path, owner ?? undefined);
  const colon = path.lastIndexOf(':');
  const socket = createConnection(Number(path.slice(colon + 1)), path.slice(0, colon));
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

function refuse(socket: Duplex, status = '403 Forbidden'): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Pipes both ways with backpressure until one side closes. */
async function pipeBoth(browser: WebSocket, screen: Socket): Promise<void> {
  const stream = createWebSocketStream(browser);
  await pipeline(stream, screen, stream).catch(() => {});
  screen.destroy();
  browser.terminate();
}
