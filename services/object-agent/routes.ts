/** The agent's door when it is a process of its own: the calls of the contract, over HTTP. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type AgentAnswer,
  type AgentCall,
  type Block,
  type Headers,
  isAnswer,
  type ObjectAgent,
} from '#shared/contracts/object-agent.ts';
import { type Bytes, pump } from '#shared/http/bytes.ts';
import type { Log } from '#shared/log/log.ts';
import { pour } from '#shared/ring/pour.ts';
import { blocksCrc, footerTrailer, readUrl, secretHeader } from '#shared/ring/wire.ts';

export interface DoorOptions {
  readonly agent: ObjectAgent;
  readonly secret: string;
  readonly log: Log;
}

export function openDoor({ agent, secret, log }: DoorOptions): Server {
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0, noDelay: true });
  const walk = (req: IncomingMessage, res: ServerResponse) => {
    serve(agent, secret, req, res).catch((error: unknown) => {
      log.warn({ path: req.url, error }, 'a call from a proxy or a peer was cut');
      if (res.headersSent) res.destroy();
      else send(res, { status: 500, headers: { connection: 'close' } });
    });
  };
  return server.on('request', walk);
}

async function serve(agent: ObjectAgent, secret: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const spelled = readUrl(req.url ?? '');
  if (!isTrusted(req, secret)) return send(res, { status: 401, headers: { connection: 'close' } });
  if (!spelled) return send(res, { status: 400, headers: { connection: 'close' } });
  const call = { ...spelled, method: req.method as AgentCall['method'], headers: headersOf(req) };
  if (call.kind === 'object' && call.method === 'PUT') return take(agent, call, req, res);
  await give(res, call, await agent.ask({ ...call, ...(await bodyOf(req)) }));
}

function isTrusted({ headers }: IncomingMessage, secret: string): boolean {
  const [said, expected] = [Buffer.from(String(headers[secretHeader])), Buffer.from(secret)];
  return said.length === expected.length && timingSafeEqual(said, expected);
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

/** Asks for the bytes only when the device will have them. */
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
    await pour(req, { onBlock });
  } catch (error) {
    await upload.abort();
    throw error;
  }
  const said = JSON.parse(req.trailers[footerTrailer] ?? '{}') as { footer?: Headers; crc?: number };
  if (said.footer && said.crc === blocksCrc(crcs)) return send(res, await upload.commit(said.footer));
  await upload.abort(); // cut short, or changed on the way
  send(res, { status: 422, headers: {} });
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
  await pump(body, res);
}
