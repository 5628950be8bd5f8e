/** What is measured: a child process of ours, or a server that runs already. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { listeningPids, treeCpuUs } from './proc.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
  /** Since its start, user and system, all its processes; NaN where they are out of sight. */
  cpuUs(): Promise<number>;
  /** The longest that hundredths of its turns of the event loop were late since this was last asked. */
  loopP99Ms?(): Promise<number>;
  close(): Promise<void>;
}

export type Opening = () => Promise<Server>;

/** What a child of servers/ says. */
interface Told {
  readonly port?: number;
  readonly cpuUs?: number;
  readonly loopP99Ms?: number;
}

/** A file of servers/, and what it is told. */
export const forked =
  (file: string, ...words: string[]): Opening =>
  async () => {
    const child = fork(join(import.meta.dirname, 'servers', file), words);
    const ended = once(child, 'exit');
    const heard = async (): Promise<Told> => {
      const died = ended.then(([code]) => Promise.reject(new Error(`${file} ended with ${code}`)));
      const [told] = await Promise.race([once(child, 'message'), died]);
      return told as Told;
    };
    const asked = async (what: string): Promise<Told> => {
      child.send(what);
      return heard();
    };
    const { port = 0 } = await heard();
    const close = async () => {
      child.kill();
      await ended;
    };
    return {
      host: '127.0.0.1',
      port,
      cpuUs: async () => (await asked('cpu')).cpuUs ?? Number.NaN,
      loopP99Ms: async () => (await asked('loop')).loopP99Ms ?? Number.NaN,
      close,
    };
  };

/** Ours for a while: what borrows it does not close it. */
export const borrowed =
  (server: Server): Opening =>
  async () => ({ ...server, close: async () => {} });

/** Somebody else's, whose processes are found by its port when it runs on this machine. */
export async function serverAt({ hostname, port, protocol }: URL): Promise<Server> {
  const at = Number(port || (protocol === 'https:' ? 443 : 80));
  const pids = listeningPids(hostname, at);
  const cpuUs = async () => (pids.length > 0 ? treeCpuUs(pids) : Number.NaN);
  return { host: hostname, port: at, cpuUs, close: async () => {} };
}
