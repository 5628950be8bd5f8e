/** A socket stays in the network namespace it was made in: so a short-lived child goes there, listens, and hands it over. */

import { spawn } from 'node:child_process';
import type { Server } from 'node:net';
import { childEnvironment } from './child-environment.ts';

/** Plain JavaScript, as the child is to be quick. */
const child = `
const [port, host] = process.argv.slice(1);
const server = require('node:net').createServer();
const end = (message, handle, code) => process.send(message, handle, () => process.exit(code));
server.on('error', ({ message }) => end({ error: message }, undefined, 1));
server.listen({ port: Number(port), host, exclusive: true }, () => end({}, server, 0));
`;

/** A server whose listening socket lives in that namespace. Needs root. The caller closes it. */
export function listenInNetns(space: string, port: number, host: string): Promise<Server> {
  const words = ['netns', 'exec', space, process.execPath, '-e', child, String(port), host];
  const listener = spawn('ip', words, {
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  const said: Buffer[] = [];
  listener.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`cannot listen at ${host}:${port} in ${space}: ${why}`));
    listener.on('message', (message: { error?: string }, server: unknown) => {
      if (message.error === undefined) resolve(server as Server);
      else fail(message.error);
    });
    listener.on('error', reject);
    listener.on('close', () => fail(Buffer.concat(said).toString().trim() || 'the child ended'));
  });
}
