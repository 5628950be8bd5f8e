/** The HTTPS server of the registry, on management nodes. Joining needs a token; everything else a node's certificate. */
import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { Refusal } from '../../command.ts';
import { readTls } from '../certificates.ts';
import { admit, type RegistryContext, renew } from './admit.ts';
import { checkIn, getCaller } from './check-in.ts';
import type { CheckInRequest, CloudAnswer, JoinRequest } from './protocol.ts';
import { parseCheckIn, parseJoin, parseRenew } from './requests.ts';

const maxBody = 64 * 1024;

interface Caller {
  readonly name: string;
  readonly serial: string;
}

type Route = (context: RegistryContext, body: unknown, caller: Caller | undefined) => Promise<unknown>;

const routes: Readonly<Record<string, Route>> = {
  'GET /v1/cloud': async ({ cloudId, version, path }): Promise<CloudAnswer> => ({
    cloudId,
    version,
    authority: readTls(path, 'ca.crt'),
  }),
  'POST /v1/join': async (context, body) => admit(context, parseJoin(body) satisfies JoinRequest),
  'POST /v1/renew': async (context, body, caller) =>
    renew(context, await getCaller(context, known(caller)), parseRenew(body)),
  'POST /v1/check-in': async (context, body, caller) => {
    return checkIn(context, known(caller), parseCheckIn(body) satisfies CheckInRequest);
  },
};

function known(caller: Caller | undefined): Caller {
  if (!caller) throw new Refusal('this needs the certificate of a node of this cloud');
  return caller;
}

export async function serveRegistry(context: RegistryContext, at: { readonly host: string; readonly port: number }) {
  const { path } = context;
  const own = () => ({
    key: readTls(path, 'node.key'),
    cert: readTls(path, 'node.crt'),
    ca: readTls(path, 'ca.crt'),
    minVersion: 'TLSv1.3' as const,
  });
  const server = createServer({
    ...own(),
    requestCert: true,
    rejectUnauthorized: false, // a host that joins has no certificate yet
    requestTimeout: 30_000,
    headersTimeout: 10_000,
  });
  server.on('request', (request, response) => void respond(context, request, response));
  server.on('tlsClientError', () => {}); // a port scan
  server.listen(at.port, at.host);
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  /** Connections from now on see the certificate that is in the file. */
  const reload = () => server.setSecureContext(own());
  return { close, reload };
}

async function respond(context: RegistryContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '' } = request;
  const key = `${method} ${url}`;
  const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
  try {
    if (!route) throw new Refusal(`${method} ${url} is not part of the registry`);
    send(response, 200, await route(context, await bodyOf(request), callerOf(request)));
  } catch (error) {
    const refused = error instanceof Refusal;
    context.log.warn(
      { url, address: request.socket.remoteAddress, error: refused ? error.message : error },
      refused ? 'a node was refused' : 'the registry failed',
    );
    send(response, refused ? 403 : 500, { error: refused ? error.message : 'the registry failed; see its log' });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBody) throw new Refusal(`the request is larger than ${maxBody} bytes`);
    parts.push(part);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch (cause) {
    throw new Refusal('the request is not JSON', { cause });
  }
}

/** The node whose certificate the connection has, when the authority of this cloud signed it. */
function callerOf({ socket }: IncomingMessage): Caller | undefined {
  const tls = socket as TLSSocket;
  const certificate = tls.authorized ? tls.getPeerX509Certificate() : undefined;
  return certificate && { name: nameIn(certificate), serial: certificate.serialNumber };
}

const nameIn = ({ subject }: X509Certificate) => /^CN=(.+)$/m.exec(subject)?.[1] ?? '';
