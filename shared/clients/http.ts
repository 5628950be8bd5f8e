/** Requests to other services: keep-alive, no redirects, bytes as streams. */
import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
  readonly signal?: AbortSignal;
  /** How long the answer's head may take. 60 s unless told. */
  readonly timeoutMs?: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly stream: http.IncomingMessage;
}

const agents = { 'http:': new http.Agent({ keepAlive: true }), 'https:': new https.Agent({ keepAlive: true }) };

/** Resolves with the head of the answer; whoever calls reads or destroys the stream. */
export function request(
  url: string,
  { method = 'GET', headers = {}, body, signal, timeoutMs = 60_000 }: Ask = {},
): Promise<Reply> {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? https.request : http.request;
  const agent = agents[target.protocol as keyof typeof agents];
  const length: Record<string, string | number> =
    typeof body === 'string' || Buffer.isBuffer(body) ? { 'content-length': Buffer.byteLength(body) } : {};
  return new Promise((resolve, reject) => {
    const outgoing = send(target, { method, agent, headers: { ...length, ...headers }, ...(signal ? { signal } : {}) });
    const late = setTimeout(
      () => outgoing.destroy(new Error(`${method} ${url} was not answered within ${timeoutMs} ms`)),
      timeoutMs,
    );
    outgoing.on('error', reject);
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
