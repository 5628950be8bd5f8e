/** Stands between a client of MariaDB and its server, and does something else with a COMMIT. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * `unheard`: the server commits, the connection ends before its answer. `unsent`: it ends before the server hears of it.
 * `beaten`: the transaction is undone and answered 1213, as by Galera when another node was first.
 */
export type CommitFault = 'unheard' | 'unsent' | 'beaten';

export interface MysqlProxy {
  readonly port: number;
  /** For the next COMMIT. */
  next(fault: CommitFault): void;
}

const queryPacket = (sql: string) => {
  const packet = Buffer.from(`\0\0\0\0\x03${sql}`);
  packet.writeUIntLE(packet.length - 4, 0, 3);
  return packet;
};
const deadlock = () => {
  const packet = Buffer.from('\0\0\0\x01\xff\0\0#40001Deadlock found when trying to get lock', 'latin1');
  packet.writeUIntLE(packet.length - 4, 0, 3);
  packet.writeUInt16LE(1213, 5);
  return packet;
};

export async function mysqlProxy(t: { after(end: () => unknown): void }, serverPort: number): Promise<MysqlProxy> {
  let fault: CommitFault | undefined;
  const sockets = new Set<Socket>();
  const accept = (near: Socket) => {
    const far = connect(serverPort, '127.0.0.1');
    let swallow: CommitFault | undefined;
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) sockets.add(socket.on('error', end).on('close', end));
    near.on('data', (bytes) => {
      const isCommit = fault !== undefined && bytes.subarray(4).toString('latin1').replace(';', '') === '\x03COMMIT';
      if (!isCommit) return void far.write(bytes);
      swallow = fault;
      fault = undefined;
      if (swallow === 'unsent') end();
      else far.write(swallow === 'beaten' ? queryPacket('ROLLBACK') : bytes);
    });
    far.on('data', (bytes) => {
      if (swallow === 'unheard') return end();
      near.write(swallow === 'beaten' ? deadlock() : bytes);
      swallow = undefined;
    });
  };
  const server = createServer(accept).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const next = (wanted: CommitFault) => {
    fault = wanted;
  };
  return { port: (server.address() as AddressInfo).port, next };
}
