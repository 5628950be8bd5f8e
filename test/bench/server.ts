/** A server to measure: a child process, or one that is already running. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { listeningPids, treeCpuUs } from './proc.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
  /** User and system CPU time of all its processes since their start; NaN on another machine. */
  cpuUs(): Promise<number>;
  /** The p99 event loop delay since the last call. */
  loopP99Ms?(): Promise<number>;
  close(): Promise<void>;
}

export type OpenServer = () => Promise<Server>;

/** A message from a child of servers/. */
interface Message {
  readonly port?: number;
  readonly cpuUs?: number;
  readonly loopP99Ms?: number;
}

/** Starts a file of servers/ with arguments. */
export const forked =
  (file: string, ...args: string[]): OpenServer =>
  async () => {
    const child = fork(join(import.meta.dirname, 'servers', file), args);
    const ended = once(child, 'exit');
    const receive = async (): Promise<Message> => {
      const died = ended.then(([code]) => Promise.reject(new Error(`${file} ended with ${code}`)));
      const [message] = await Promise.race([once(child, 'message'), died]);
      return message as Message;
    };
    const request = async (what: string): Promise<Message> => {
      child.send(what);
      return receive();
    };
    const { port = 0 } = await receive();
    const close = async () => {
      child.kill();
      await ended;
    };
    return {
      host: '127.0.0.1',
      port,
      cpuUs: async () => (await request('cpu')).cpuUs ?? Number.NaN,
      loopP99Ms: async () => (await request('loop')).loopP99Ms ?? Number.NaN,
      close,
    };
  };

/** A shared server, which the comparison does not close. */
export const borrowed =
  (server: Server): OpenServer =>
  async () => ({ ...server, close: async () => {} });

/** A running server; its processes are found by its port when it is on this machine. */
export async function serverAt({ hostname, port, protocol }: URL): Promise<Server> {
  const at = Number(port || (protocol === 'https:' ? 443 : 80));
  const pids = listeningPids(hostname, at);
  const cpuUs = async () => (pids.length > 0 ? treeCpuUs(pids) : Number.NaN);
  return { host: hostname, port: at, cpuUs, close: async () => {} };
}
