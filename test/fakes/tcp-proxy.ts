/** A line between two processes that can be slow, narrow, lossy, cut in one direction, or reset. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Line {
  /** Added to each direction. */
  latencyMs?: number;
  /** Of each direction of each connection. */
  bytesPerSecond?: number;
  /** Of so many pieces one waits as long as TCP takes to send it again. */
  lostOf?: number;
}

/** As long as a kernel waits before it sends again what was lost. */
const resendMs = 200;

export interface TcpProxy {
  readonly port: number;
  /** `up` is from whoever connected to the server. What is cut stays in the buffers, and comes when it heals. */
  cut(direction: 'up' | 'down'): void;
  heal(): void;
  /** Ends every connection with RST. */
  reset(): void;
}

export async function tcpProxy(
  t: { after(end: () => unknown): void },
  target: { readonly host: string; readonly port: number },
  line: Line = {},
): Promise<TcpProxy> {
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  const cuts = new Set<'up' | 'down'>();
  let healed = Promise.withResolvers<void>();
  const way = (direction: 'up' | 'down') => {
    let pieces = 0;
    return new Transform({
      transform: (piece: Buffer, _encoding, done) => {
        pieces += 1;
        const lost = line.lostOf !== undefined && pieces % line.lostOf === 0 ? resendMs : 0;
        const narrow = line.bytesPerSecond ? (piece.length / line.bytesPerSecond) * 1000 : 0;
        const ready = async () => {
          await sleep((line.latencyMs ?? 0) + lost + narrow);
          while (cuts.has(direction)) await healed.promise;
        };
        ready().then(() => done(null, piece), done);
      },
    });
  };
  const accept = (near: Socket) => {
    const far = connect(target.port, target.host);
    const pair = { near, far };
    pairs.add(pair);
    near.pipe(way('up')).pipe(far);
    far.pipe(way('down')).pipe(near);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
  };
  const server = createServer(accept).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const heal = () => {
    cuts.clear();
    healed.resolve();
    healed = Promise.withResolvers();
  };
  const reset = () => {
    for (const { near, far } of pairs) for (const socket of [near, far]) socket.resetAndDestroy();
  };
  t.after(() => {
    heal();
    server.close();
    reset();
  });
  return { port: (server.address() as AddressInfo).port, cut: (direction) => void cuts.add(direction), heal, reset };
}
