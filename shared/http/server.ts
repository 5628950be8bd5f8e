/** The HTTP server of all services: Express without its slowest part, and limits on connections. */
import type http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Express } from 'express';
import { within } from '#shared/clock/within.ts';
import { createServer, IncomingMessage, ServerResponse } from '#shared/net/http.ts';
import { answerUnreadable } from './unreadable.ts';

/**
 * Express sets the prototype of each request and response, which is slow, unless they have it already. Here they are
 * created with it: two to three times as many requests per second. One pair of classes per app; sub-apps undo this,
 * Routers do not.
 */
export function createTunedServer(app: Express): http.Server {
  function TunedRequest(this: http.IncomingMessage, ...args: unknown[]) {
    Reflect.apply(IncomingMessage as unknown as (...args: unknown[]) => void, this, args);
  }
  function TunedResponse(this: http.ServerResponse, ...args: unknown[]) {
    Reflect.apply(ServerResponse as unknown as (...args: unknown[]) => void, this, args);
  }
  TunedRequest.prototype = app.request;
  TunedResponse.prototype = app.response;
  const options = {
    IncomingMessage: TunedRequest,
    ServerResponse: TunedResponse,
    connectionsCheckingInterval: 5_000, // how often headersTimeout is checked
    requireHostHeader: false, // serve.ts refuses a request without, in the format of the API
  };
  const server = createServer(options as unknown as http.ServerOptions, app);
  answerUnreadable(server, options as unknown as Parameters<typeof answerUnreadable>[1]);
  return server;
}

export interface Listening {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface ConnectionLimits {
  /** The maximum number of open connections. */
  readonly connections: number;
  /** The same for one address that is no trusted proxy. */
  readonly connectionsPerAddress: number;
  /** The maximum time for the headers of a request. */
  readonly headersMs: number;
  /** Whether an address is a trusted proxy, which has the connections of many clients. */
  readonly isProxy?: (address: string) => boolean;
}

export const usualLimits: ConnectionLimits = { connections: 8192, connectionsPerAddress: 2048, headersMs: 30_000 };

export async function listen(
  server: http.Server,
  at: { readonly host: string; readonly port: number },
  limits: ConnectionLimits = usualLimits,
): Promise<Listening> {
  server.keepAliveTimeout = 75_000; // clients close idle connections earlier
  server.requestTimeout = 0; // an upload may take hours: its body is watched for idle time
  server.headersTimeout = limits.headersMs;
  server.maxHeadersCount = 0; // no limit by count, which would drop headers; 16 KB bound them
  limitConnections(server, limits);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  server.on('error', () => {}); // out of descriptors: new connections wait in the backlog
  const { port } = server.address() as AddressInfo;
  const inFlight = countRequests(server);
  const close = async () => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    await within(drainMs, inFlight.drained());
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://${at.host}:${port}`, port, close };
}

/** How long requests that were accepted may take to end once the server closes; the process ends soon after. */
const drainMs = 8_000;

/** Counts the requests that are not answered yet. */
function countRequests(server: http.Server): { drained(): Promise<void> } {
  let open = 0;
  let empty: (() => void) | undefined;
  server.prependListener('request', (_req, res: http.ServerResponse) => {
    open += 1;
    if (empty) res.shouldKeepAlive = false; // the client is to find another process
    res.once('close', () => {
      open -= 1;
      if (open === 0) empty?.();
    });
  });
  const drained = () =>
    new Promise<void>((resolve) => {
      empty = resolve;
      if (open === 0) resolve();
    });
  return { drained };
}

const refusal = 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** Answers a connection above the limit with 503 and closes it. */
function limitConnections(
  server: http.Server,
  { connections, connectionsPerAddress, isProxy }: ConnectionLimits,
): void {
  const open = new Map<string, number>();
  let all = 0;
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const ofAddress = (open.get(address) ?? 0) + 1;
    if (all >= connections || (ofAddress > connectionsPerAddress && !isProxy?.(address)))
      return void socket.on('error', () => {}).end(refusal, () => socket.destroy());
    all += 1;
    open.set(address, ofAddress);
    socket.once('close', () => {
      all -= 1;
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });
}
