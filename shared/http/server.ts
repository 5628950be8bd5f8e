/** The only way to listen: Express, but two to three times faster. */
import http, { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  const born = { IncomingMessage: TunedRequest, ServerResponse: TunedResponse } as unknown as http.ServerOptions;
  return http.createServer(born, app);
}

export interface Listening {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function listen(
  server: http.Server,
  at: { readonly host: string; readonly port: number },
): Promise<Listening> {
  server.keepAliveTimeout = 75_000; // clients let go first
  server.requestTimeout = 0; // an upload may take hours; headersTimeout still ends the idle
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1000).unref();
    });
  return { url: `http://${at.host}:${port}`, port, close };
}
