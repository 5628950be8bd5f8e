import { isFree } from '../../deploy/split/ports.ts';

/** Of 127.0.0.1, below those that the system gives to clients: a restart finds it free again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    if (await isFree('127.0.0.1', port)) return port;
  }
}
