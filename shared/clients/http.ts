/** HTTP requests to other services: keep-alive, no redirects, bodies as streams. */
import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { moduleFor } from '#shared/net/http.ts';

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
  readonly signal?: AbortSignal | undefined;
  /** The maximum time until the headers of the answer. 60 s by default. */
  readonly timeoutMs?: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly stream: IncomingMessage;
}

/** Idle connections are closed before the server closes them, so that no request is sent on a closed connection. */
const idle = { keepAlive: true, timeout: 20_000 };
const agents = new Map<string, Agent>();

function keptAgent({ protocol }: URL): Agent {
  const agent = agents.get(protocol) ?? new (moduleFor({ protocol }).Agent)(idle);
  agents.set(protocol, agent);
  return agent;
}

/**
 * Resolves with status and headers; the caller must read or destroy the stream. A request that is safe to repeat is sent
 * again on a new connection when its reused connection turns out to be closed.
 */
export async function request(url: string, ask: Ask = {}): Promise<Reply> {
  const target = new URL(url);
  try {
    return await send(target, ask, keptAgent(target));
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    return send(target, ask, false);
  }
}

class StaleConnection extends Error {}

/** Whether a failed request used an old connection and is safe to repeat. */
const isStale = (outgoing: ClientRequest, { body, method = 'GET' }: Ask): boolean =>
  outgoing.reusedSocket &&
  method !== 'POST' &&
  method !== 'PATCH' &&
  (body === undefined || typeof body === 'string' || Buffer.isBuffer(body));

function send(url: URL, ask: Ask, agent: Agent | false): Promise<Reply> {
  const { method = 'GET', headers = {}, body, signal, timeoutMs = 60_000 } = ask;
  const length: Record<string, string | number> =
    typeof body === 'string' || Buffer.isBuffer(body) ? { 'content-length': Buffer.byteLength(body) } : {};
  return new Promise((resolve, reject) => {
    const outgoing = moduleFor(url).request(url, {
      method,
      agent,
      headers: { ...length, ...headers },
      ...(signal ? { signal } : {}),
    });
    const late = setTimeout(
      () => outgoing.destroy(new Error(`${method} ${url.href} was not answered within ${timeoutMs} ms`)),
      timeoutMs,
    );
    outgoing.on('error', (error) => {
      const lost = (error as NodeJS.ErrnoException).code === 'ECONNRESET' && isStale(outgoing, ask);
      reject(lost ? new StaleConnection(error.message, { cause: error }) : error);
    });
    outgoing.on('close', () => clearTimeout(late));
    outgoing.on('response', (stream) => {
      clearTimeout(late);
      resolve({ status: stream.statusCode ?? 0, headers: stream.headers, stream });
    });
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) outgoing.end(body);
    else pipeline(body, outgoing).catch(reject);
  });
}

export async function textOf({ stream }: Reply): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
