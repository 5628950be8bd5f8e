/** What every server of the bench says: its port; its CPU and how late its event loop was, when asked. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolution = 5;

export const tell = (server: Server): void => tellPort((server.address() as AddressInfo).port);

export function tellPort(port: number): void {
  const loop = monitorEventLoopDelay({ resolution });
  const answers: Readonly<Record<string, () => object>> = {
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return { cpuUs: user + system };
    },
    loop: () => {
      const loopP99Ms = loop.percentile(99) / 1e6 - resolution; // what is counted is from one turn to the next
      loop.reset();
      loop.enable(); // from the first question on: it costs some CPU
      return { loopP99Ms };
    },
  };
  process.on('SIGINT', () => {}); // of the terminal: who started us ends us
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.on('message', (what: string) => process.send?.(answers[what]?.() ?? {}));
  process.send?.({ port });
}
