/** The only way to listen: Express, but two to three times faster. */
import http, { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Express } from 'express';

/**
 * Express sets the prototype of each request and answer anew, which is slow. Objects born with the right
 * one are left alone. One pair per app; sub-apps undo it, Routers do not.
 */
export function createTunedServer(app: Express): http.Server {
  function TunedRequest(this: IncomingMessage, ...args: unknown[]) {
    Reflect.apply(IncomingMessage as unknown as (...args: unknown[]) => void, this, args);
  }
  function TunedResponse(this: ServerResponse, ...args: unknown[]) {
    Reflect.apply(ServerResponse as unknown as (...args: unknown[]) => void, this, args);
  }
  TunedRequest.prototype = app.request;
  TunedResponse.prototype = app.response;
  const born = {
    IncomingMessage: TunedRequest,
    ServerResponse: TunedResponse,
    connectionsCheckingInterval: 5_000, // how late a head may be found late
  } as unknown as http.ServerOptions;
  return http.createServer(born, app);
}

export interface Listening {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** How many connections there may be, and how long one may take over the head of a request. */
export interface ConnectionLimits {
  readonly connections: number;
  /** Of one address that is no proxy of ours. */
  readonly connectionsPerAddress: number;
  readonly headersMs: number;
  /** Requests of many callers come from these addresses. */
  readonly isProxy?: (address: string) => boolean;
}

export const usualLimits: ConnectionLimits = { connections: 8192, connectionsPerAddress: 2048, headersMs: 30_000 };

export async function listen(
  server: http.Server,
  at: { readonly host: string; readonly port: number },
  limits: ConnectionLimits = usualLimits,
): Promise<Listening> {
  server.keepAliveTimeout = 75_000; // clients let go first
  server.requestTimeout = 0; // an upload may take hours: its body is watched for idle time
  server.headersTimeout = limits.headersMs;
  server.maxHeadersCount = 0; // all that fit in 16 KB are seen: none hides behind a count
  limitConnections(server, limits);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  server.on('error', () => {}); // out of descriptors: who knocks waits until there are some again
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1000).unref();
    });
  return { url: `http://${at.host}:${port}`, port, close };
}

const refusal = 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** One connection too many hears 503 and is closed; those that are open go on. */
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
