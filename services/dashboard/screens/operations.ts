/** The screen of a machine: a WebSocket of the page, forwarded to the console of compute, which the browser never sees. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Fault } from '#shared/errors/fault.ts';
import { moduleFor, STATUS_CODES } from '#shared/net/http.ts';
import type { Dashboard } from '../context.ts';
import { consoleOf } from '../machines/operations.ts';
import { getSession } from '../sessions/operations.ts';

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface Screens {
  readonly upgrade: Upgrade;
  /** Ends all that are open. */
  close(): void;
}

/** `baseOf` is the URL of this service as the browser sees it. */
export function openScreens(dashboard: Dashboard, baseOf: BaseOf): Screens {
  const open = new Set<Duplex>();
  const upgrade: Upgrade = (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    connect(dashboard, request, baseOf)
      .then((console) => {
        open.add(socket);
        socket.once('close', () => open.delete(socket));
        console.write(head);
        socket.write(console.answer);
        join(socket, console.socket);
      })
      .catch((error: unknown) => {
        if (!(error instanceof Fault)) dashboard.log.warn({ error }, 'a screen could not be opened');
        refuse(socket, error instanceof Fault ? error.status : 502);
      });
  };
  const close = () => {
    for (const socket of open) socket.destroy();
  };
  return { upgrade, close };
}

function refuse(socket: Duplex, status: number): void {
  const text = STATUS_CODES[status] ?? 'Error';
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

function join(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one);
  for (const [socket, peer] of [
    [one, other],
    [other, one],
  ] as const) {
    socket.on('error', () => peer.destroy());
    socket.once('close', () => peer.destroy());
  }
}

interface Console {
  readonly socket: Duplex;
  /** The head of the answer that the browser gets. */
  readonly answer: string;
  write(bytes: Buffer): void;
}

const screenPath = /^\/api\/machines\/([0-9a-f-]{36})\/screen$/;

type BaseOf = (request: IncomingMessage) => string;

async function connect(dashboard: Dashboard, request: IncomingMessage, baseOf: BaseOf): Promise<Console> {
  const id = screenPath.exec(request.url ?? '')?.[1];
  if (id === undefined) throw new Fault(404, 'notFound', 'There is no such screen.');
  const header = (name: string) => request.headers[name] as string | undefined;
  if (header('origin') === undefined) throw new Fault(403, 'forbidden', 'A screen is opened by the page.');
  const session = await getSession(dashboard, { header, base: baseOf(request), method: 'GET' });
  return forward(await consoleOf(session, id), header);
}

/** The token is in the query of the path that noVNC's page would connect to. */
function forward(url: URL, header: (name: string) => string | undefined): Promise<Console> {
  const target = new URL(`/${url.searchParams.get('path') ?? ''}`, url);
  const kept = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions'];
  const headers = {
    ...Object.fromEntries(kept.flatMap((name) => (header(name) === undefined ? [] : [[name, header(name)]]))),
    connection: 'Upgrade',
    upgrade: 'websocket',
    origin: target.origin,
  };
  const { promise, resolve, reject } = Promise.withResolvers<Console>();
  const asked = moduleFor(url).request(target, { headers });
  asked.once('error', reject);
  asked.once('response', ({ statusCode }) => {
    asked.destroy();
    reject(new Fault(statusCode ?? 502, 'conflict', 'The console was refused.'));
  });
  asked.once('upgrade', ({ rawHeaders }, socket, head) => {
    const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
    const answer = `HTTP/1.1 101 Switching Protocols\r\n${pairs.join('\r\n')}\r\n\r\n`;
    if (head.length > 0) socket.unshift(head);
    resolve({ socket, answer, write: (bytes) => void (bytes.length > 0 && socket.write(bytes)) });
  });
  asked.end();
  return promise;
}
