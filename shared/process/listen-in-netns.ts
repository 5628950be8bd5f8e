/**
 * Listens in a network namespace. A socket belongs to the namespace in which it was created, so a short-lived child enters
 * the namespace, listens, and passes the socket to this process.
 */
import { spawn } from 'node:child_process';
import type { Server } from 'node:net';
import { childEnvironment } from './child-environment.ts';

/** Plain JavaScript, so that the child starts quickly. */
const child = `
const [port, host] = process.argv.slice(1);
const server = require('node:net').createServer();
const end = (message, handle, code) => process.send(message, handle, () => process.exit(code));
server.on('error', ({ message }) => end({ error: message }, undefined, 1));
server.listen({ port: Number(port), host, exclusive: true }, () => end({}, server, 0));
`;

/** Returns a server that listens in that namespace. Needs root. The caller closes it. */
export function listenInNetns(namespace: string, port: number, host: string): Promise<Server> {
  const args = ['netns', 'exec', namespace, process.execPath, '-e', child, String(port), host];
  const listener = spawn('ip', args, {
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  const stderr: Buffer[] = [];
  listener.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`cannot listen at ${host}:${port} in ${namespace}: ${why}`));
    listener.on('message', (message: { error?: string }, server: unknown) => {
      if (message.error === undefined) resolve(server as Server);
      else fail(message.error);
    });
    listener.on('error', reject);
    listener.on('close', () => fail(Buffer.concat(stderr).toString().trim() || 'the child ended'));
  });
}
