/** The HTTP server of an agent in a process of its own: the calls of the contract. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { secretMatcher } from '#shared/auth/same-secret.ts';
import {
  type AgentAnswer,
  type AgentCall,
  type Block,
  type Headers,
  isAnswer,
  type ObjectAgent,
} from '#shared/contracts/object-agent.ts';
import { type Bytes, sendBytes } from '#shared/http/bytes.ts';
import type { Log } from '#shared/log/log.ts';
import { createServer } from '#shared/net/http.ts';
import { readBlocks } from '#shared/ring/read-blocks.ts';
import { blocksCrc, footerTrailer, methodOf, readUrl, secretHeader } from '#shared/ring/wire.ts';

export interface ApiServerOptions {
  readonly agent: ObjectAgent;
  readonly secret: string;
  readonly log: Log;
}

export function openApiServer({ agent, secret, log }: ApiServerOptions): Server {
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0, noDelay: true });
  const isSecret = secretMatcher(secret);
  const walk = (req: IncomingMessage, res: ServerResponse) => {
    serve(agent, isSecret, req, res).catch((error: unknown) => {
      log.warn({ path: req.url, error }, 'a call from a proxy or a peer was interrupted');
      if (res.headersSent) res.destroy();
      else send(res, { status: 500, headers: { connection: 'close' } });
    });
  };
  return server.on('request', walk);
}

async function serve(
  agent: ObjectAgent,
  isSecret: (given: string) => boolean,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (!isSecret(String(req.headers[secretHeader]))) return send(res, { status: 401, headers: { connection: 'close' } });
  const spelled = readUrl(req.url ?? '');
  const method = methodOf(req.method);
  if (!spelled || !method) return send(res, { status: 400, headers: { connection: 'close' } });
  const call: AgentCall = { ...spelled, method, headers: headersOf(req) };
  if (call.kind === 'object' && call.method === 'PUT') return take(agent, call, req, res);
  await give(res, call, await agent.ask({ ...call, ...(await bodyOf(req)) }));
}

const headersOf = ({ headers }: IncomingMessage): Headers =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (name === secretHeader ? [] : [[name, String(value)]])),
  );

const largestBody = 64 * 1024 * 1024;

async function bodyOf(req: IncomingMessage): Promise<{ body?: Buffer }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > largestBody) throw new Error('a call is larger than any');
  }
  return bytes > 0 ? { body: Buffer.concat(chunks) } : {};
}

/** Sends 100 Continue only when the device accepts the upload. */
async function take(agent: ObjectAgent, call: AgentCall, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const upload = await agent.upload(call);
  if (isAnswer(upload)) return send(res, { ...upload, headers: { ...upload.headers, connection: 'close' } });
  res.writeContinue();
  const crcs: number[] = [];
  const onBlock = (block: Block) => {
    crcs.push(block.crc);
    return upload.write(block);
  };
  try {
    await readBlocks(req, { onBlock });
  } catch (error) {
    await upload.abort();
    throw error;
  }
  const { footer, crc } = footerIn(req);
  if (footer && crc === blocksCrc(crcs)) return send(res, await upload.commit(footer));
  await upload.abort(); // incomplete or corrupted in transit
  send(res, { status: 422, headers: {} });
}

function footerIn({ trailers }: IncomingMessage): { footer?: Headers; crc?: number } {
  try {
    return JSON.parse(trailers[footerTrailer] ?? '{}') as { footer?: Headers; crc?: number };
  } catch {
    return {};
  }
}

function send(res: ServerResponse, { status, headers, body }: AgentAnswer): void {
  res.writeHead(status, {
    'content-length': '0',
    ...headers,
    ...(body ? { 'content-length': String((body as Buffer).length) } : {}),
  });
  res.end(body);
}

async function give(res: ServerResponse, { method }: AgentCall, answer: AgentAnswer): Promise<void> {
  const { status, headers, body } = answer;
  if (body && 'read' in body) return stream(res, answer, body);
  if (method !== 'HEAD') return send(res, answer);
  res.writeHead(status, headers).end();
}

async function stream(res: ServerResponse, { status, headers }: AgentAnswer, body: Bytes): Promise<void> {
  res.writeHead(status, { ...headers, 'x-backend-stream': '1' });
  await sendBytes(body, res);
}
