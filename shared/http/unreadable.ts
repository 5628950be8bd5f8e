/**
 * Requests that Node's parser refuses are answered like all others: with a fault in the format of the API, a request id and
 * a line in the log. What the parser refuses cannot be served: its grammar has no switch for bytes outside ASCII in a request
 * line or in the name of a header (Swift takes both; `insecureHTTPParser` does not), for unknown methods, and for versions
 * other than HTTP/1.x.
 */
import type http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest, Fault, tooLarge } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';

interface ParserError extends Error {
  readonly code?: string;
  readonly reason?: string;
  /** The bytes of the packet in which the error is. */
  readonly rawPacket?: Buffer;
}

/** Node attaches the response in progress to its socket. */
type Connection = Duplex & { readonly _httpMessage?: ServerResponse | null };

interface Classes {
  readonly IncomingMessage: new (socket: Duplex) => IncomingMessage;
  readonly ServerResponse: new (req: IncomingMessage) => ServerResponse & { locals?: object };
}

export function answerUnreadable(server: http.Server, { IncomingMessage, ServerResponse }: Classes): void {
  const refused = new WeakSet<Duplex>();
  const answer = (req: IncomingMessage, socket: Duplex, unreadable?: Fault) => {
    refused.add(socket);
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.locals = { unreadable };
    res.assignSocket(socket as IncomingMessage['socket']);
    res.once('finish', () => socket.end(() => socket.destroy()));
    server.emit('request', req, res);
  };
  server.on('clientError', (error: ParserError, socket: Connection) => {
    if (refused.has(socket)) return; // the rest of what it sends
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    if (socket._httpMessage) return endAfter(socket._httpMessage, error);
    const req = new IncomingMessage(socket);
    Object.assign(req, requestLineOf(error.rawPacket));
    answer(req, socket, faultOf(error, req.method ?? ''));
  });
  server.on('connect', (req, socket) => answer(req, socket));
  server.on('checkExpectation', (req, res) => server.emit('request', req, res)); // unknown ones are ignored, as everywhere
}

/** An error in the body ends its request; one in what follows a request waits for its answer. */
function endAfter(res: ServerResponse, error: ParserError): void {
  res.shouldKeepAlive = false;
  if (res.headersSent) return void res.once('close', () => res.req.destroy());
  if (!res.req.complete) failBody(res.req, faultOf(error, ''));
}

/** Fails whoever reads the body, now or later. Destroying the request would take away the connection for the answer. */
function failBody(req: IncomingMessage, fault: Fault | undefined): void {
  if (req.listenerCount('error') > 0) return void req.emit('error', fault);
  req.once('newListener', () => process.nextTick(failBody, req, fault));
}

/** As far as it is readable; the method of another one is `-`. */
function requestLineOf(packet: Buffer | undefined): { readonly method: string; readonly url: string } {
  const line = packet?.subarray(0, 2048).toString().split('\r\n', 1)[0] ?? '';
  const [method = '', url = ''] = line.split(' ');
  return /^[A-Z][A-Z-]{0,31}$/.test(method)
    ? { method, url: url.startsWith('/') ? url : '/' }
    : { method: '-', url: '/' };
}

const hints: Readonly<Record<string, string>> = {
  HPE_INVALID_URL: ' Percent-encode what is not ASCII.',
  HPE_INVALID_HEADER_TOKEN: ' The name of a header is ASCII, its value has no control characters.',
};

/** Undefined for an unknown method, which each path refuses by itself. */
function faultOf({ code = '', reason = 'unreadable', rawPacket }: ParserError, method: string): Fault | undefined {
  if (code === 'HPE_INVALID_METHOD' && method !== '-' && rawPacket) return undefined;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Fault(408, 'timeout', 'The headers were not received in time.');
  if (code === 'HPE_HEADER_OVERFLOW') return new Fault(431, 'badRequest', 'The request line and headers exceed 16 KB.');
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return tooLarge('The extensions of a chunk are too long.');
  return badRequest(`The request is not valid HTTP: ${reason}.${own(hints, code) ?? ''}`);
}
