/** The VNC server of a fake host: a screen of one color, without a password, as clients negotiate it (RFC 6143). */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { VncEndpoint } from '#shared/contracts/compute-agent.ts';

export interface FakeScreen {
  /** Listens from the first call on. */
  endpoint(): Promise<VncEndpoint>;
  close(): void;
}

const noPassword = 1;
/** Width and height, then 32 bits per pixel of which 24 are used, true color, and the name of the desktop. */
const serverInit = Buffer.concat([
  Buffer.from([0x02, 0x80, 0x01, 0xe0]),
  Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]),
  Buffer.from([0, 0, 0, 4]),
  Buffer.from('fake'),
]);

/** The answers to the messages of a client: the types of security, the result of the choice, the screen. */
const answers = [Buffer.from([1, noPassword]), Buffer.from([0, 0, 0, 0]), serverInit];

function negotiate(socket: Socket): void {
  let said = 0;
  socket.on('error', () => socket.destroy());
  socket.write('RFB 003.008\n');
  socket.on('data', () => {
    const answer = answers[said];
    said += 1;
    if (answer) socket.write(answer);
  });
}

export function fakeScreen(): FakeScreen {
  const server = createServer(negotiate).unref();
  let listening: Promise<unknown> | undefined;
  return {
    endpoint: async () => {
      listening ??= once(server.listen(0, '127.0.0.1'), 'listening');
      await listening;
      return { path: `127.0.0.1:${(server.address() as AddressInfo).port}`, owner: null };
    },
    close: () => void server.close(),
  };
}
