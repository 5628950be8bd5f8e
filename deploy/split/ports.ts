import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export interface PrivatePorts {
  readonly mariadb: number;
  readonly rabbitmq: number;
  /** Erlang's ports: distribution between nodes, and the node directory. */
  readonly distribution: number;
  readonly epmd: number;
}

/** Four free ports below the kernel's ephemeral range, so that they are still free at the next start. */
export async function choosePorts(): Promise<PrivatePorts> {
  const first = 20_000 + 4 * randomInt(3_000);
  const four = [first, first + 1, first + 2, first + 3];
  const free = await Promise.all(four.map((port) => isFree('127.0.0.1', port)));
  if (free.includes(false)) return await choosePorts();
  return { mariadb: first, rabbitmq: first + 1, distribution: first + 2, epmd: first + 3 };
}

export function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
