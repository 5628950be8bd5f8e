/** The client of an object agent over HTTP, with the interface that an agent in the same process has. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { AgentAnswer, AgentCall, Block, Headers, ObjectAgent, Upload } from '#shared/contracts/object-agent.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import { Agent, request } from '#shared/net/http.ts';
import { openLiveness } from './liveness.ts';
import { blocksCrc, footerTrailer, secretHeader, urlOf, wireMethods } from './wire.ts';

interface RemoteOptions {
  readonly address: string;
  readonly secret: string;
  /** The maximum time without an answer or a byte; 10 000 by default. */
  readonly timeoutMs?: number;
}

export interface Remote extends ObjectAgent {
  close(): void;
}

export function openRemote({ address, secret, timeoutMs = 10_000 }: RemoteOptions): Remote {
  const connections = new Agent({ keepAlive: true, maxFreeSockets: 16, timeout: timeoutMs });
  const [host = '', port = ''] = address.split(':');
  const target = { host, port: Number(port) };
  const waiting = new Set<ClientRequest>();
  const onAway = () => {
    for (const sent of waiting) sent.destroy(new NoResponse(`the object agent at ${address} is unreachable`));
  };
  const liveness = openLiveness({ probe: () => answers(target), onAway });
  const awaited = async <T>(sent: ClientRequest, answer: Promise<T>): Promise<T> => {
    waiting.add(sent);
    const timer = setTimeout(liveness.suspect, suspectMs).unref();
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      waiting.delete(sent);
    }
  };
  const send = (call: AgentCall, headers: Headers) => {
    if (liveness.isAway()) throw new Error(`the object agent at ${address} is unreachable`);
    const options = { ...target, method: wireMethods[call.method], path: urlOf(call), agent: connections };
    const sent = request({ ...options, headers: { ...call.headers, ...headers, [secretHeader]: secret } });
    sent.setTimeout(timeoutMs, () => sent.destroy(new NoResponse(`the object agent at ${address} does not answer`)));
    sent.setNoDelay(true);
    sent.once('socket', (socket) => connectSoon(sent, socket));
    sent.on('error', (error) => isLost(error) && liveness.lost());
    return sent;
  };
  const ask = async (call: AgentCall) => {
    const { body } = call;
    const sent = send(call, { 'content-length': String(body?.length ?? 0) });
    sent.end(body);
    return read(sent, await awaited(sent, answerTo(sent)), call.method, timeoutMs);
  };
  const upload = async (call: AgentCall) => {
    const sent = send(call, { 'transfer-encoding': 'chunked', trailer: footerTrailer });
    const answer = answerTo(sent);
    sent.write(Buffer.alloc(0)); // sends the headers as bytes; with `Expect` Node would encode them as UTF-8
    const taken = new Promise<undefined>((go) => sent.once('continue', () => go(undefined)));
    const first = await awaited(sent, Promise.race([answer, taken]));
    if (!first) return uploading(sent, answer, awaited, timeoutMs);
    sent.destroy(); // the agent has answered without the bytes
    return read(sent, first, call.method, timeoutMs);
  };
  const close = () => {
    liveness.close();
    connections.destroy();
  };
  return { ask, upload, close };
}

/** The connection was not accepted, or the request not answered, in time. */
class NoResponse extends Error {}

/** Whether the host is unreachable. A broken connection does not mean that: a restart of the agent breaks them all. */
const isLost = (error: Error): boolean =>
  error instanceof NoResponse ||
  ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ETIMEDOUT'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );

/** Whether the agent answers at all; a 401 counts. */
function answers(target: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request({ ...target, path: '/', agent: false }, (answer) => {
      answer.resume();
      resolve(true);
    });
    sent.on('error', () => resolve(false));
    const timer = setTimeout(() => sent.destroy(new NoResponse('no answer')), probeMs).unref();
    sent.once('close', () => clearTimeout(timer)).end();
  });
}

/** After this time without an answer a probe is sent. */
const suspectMs = 500;
/** The time for the answer to a probe. */
const probeMs = 1_500;

/** The time for a connection: a host that is off does not refuse it. */
const connectMs = 1_000;

function connectSoon(sent: ClientRequest, socket: Socket): void {
  if (!socket.connecting) return;
  const timer = setTimeout(() => sent.destroy(new NoResponse('no connection to the object agent')), connectMs);
  socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
}

const answerTo = (sent: ClientRequest): Promise<IncomingMessage> => {
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent
      .once('response', resolve)
      .on('error', reject)
      .once('close', () => reject(new Error('the agent closed the connection')));
  });
  answer.catch(() => {}); // those that await it get the error; perhaps none does yet
  return answer;
};

/** The timeout runs only while the agent is awaited, since the client of the upload may be slow. */
function uploading(
  sent: ClientRequest,
  answer: Promise<IncomingMessage>,
  awaited: <T>(sent: ClientRequest, answer: Promise<T>) => Promise<T>,
  timeoutMs: number,
): Upload {
  sent.setTimeout(0);
  const crcs: number[] = [];
  const early = answer.then(() => {
    throw new Error('the agent answered before the end');
  });
  early.catch(() => {});
  /** Resolves when the kernel has all of it: until then its memory is ours. */
  const write = async ({ chunks, crc }: Block) => {
    crcs.push(crc);
    const out = Promise.withResolvers<void>();
    const written = (error?: Error | null) => (error ? out.reject(error) : out.resolve());
    sent.setTimeout(timeoutMs);
    sent.cork();
    for (const chunk of chunks) sent.write(chunk, chunk === chunks.at(-1) ? written : undefined);
    process.nextTick(() => sent.uncork());
    await awaited(sent, Promise.race([out.promise, early]));
    sent.setTimeout(0);
  };
  const commit = async (footer: Headers) => {
    sent.setTimeout(timeoutMs);
    sent.addTrailers({ [footerTrailer]: JSON.stringify({ footer, crc: blocksCrc(crcs) }) });
    sent.end();
    return read(sent, await awaited(sent, answer), 'PUT', timeoutMs);
  };
  const abort = async () => {
    sent.destroy();
  };
  return { write, commit, abort };
}

const mostBytes = 64 * 1024 * 1024;

/** Reads a small answer whole; the bytes of an object are read on demand. */
async function read(
  sent: ClientRequest,
  message: IncomingMessage,
  method: string,
  timeoutMs: number,
): Promise<AgentAnswer> {
  const answer = { status: message.statusCode ?? 500, headers: headersOf(message) };
  const streamed = method === 'GET' && 'x-backend-stream' in message.headers;
  if (streamed) return { ...answer, body: bytesOf(sent, message, timeoutMs) };
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) throw new Error('the answer of an object agent is larger than 64 MiB');
  }
  return chunks.length === 0 ? answer : { ...answer, body: Buffer.concat(chunks) };
}

function headersOf({ headers }: IncomingMessage): Headers {
  const ours = Object.entries(headers).filter(
    ([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name),
  );
  return Object.fromEntries(ours.map(([name, value]) => [name, String(value)]));
}

function bytesOf(sent: ClientRequest, message: IncomingMessage, timeoutMs: number): Bytes {
  sent.setTimeout(0);
  let failure: Error | undefined;
  let wake = () => {};
  message.on('error', (error) => {
    failure = error;
    wake();
  });
  message
    .on('readable', () => wake())
    .on('end', () => wake())
    .on('close', () => wake());
  const next = () =>
    new Promise<void>((go) => {
      wake = go;
    });
  const readNext = async (): Promise<Buffer | undefined> => {
    for (;;) {
      const chunk = message.read() as Buffer | null;
      if (chunk) return chunk;
      if (failure) throw failure;
      if (message.readableEnded) return undefined;
      if (message.destroyed) throw new Error('the agent closed the connection in the middle of an object');
      sent.setTimeout(timeoutMs);
      await next();
      sent.setTimeout(0);
    }
  };
  return {
    read: readNext,
    close: async () => {
      if (!message.readableEnded) message.destroy();
    },
  };
}
