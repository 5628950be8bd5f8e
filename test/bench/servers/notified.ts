/** What every server of the bench does: it says its port, and when asked its CPU and how late its event loop was; it leaves nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolution = 5;

/** Gone when the process is. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const report = (server: Server): void => tellPort((server.address() as AddressInfo).port);

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
  process.on('SIGTERM', () => process.exit());
  process.on('SIGINT', () => {}); // of the terminal: who started us ends us
  process.once('disconnect', () => process.exit());
  process.on('message', (what: string) => process.send?.(answers[what]?.() ?? {}));
  process.send?.({ port });
}
