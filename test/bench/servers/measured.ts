/** Shared by the servers of the benchmark: reports port, CPU time and event loop delay to the parent; removes its files. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolution = 5;

/** A temporary directory that is removed when the process exits. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const report = (server: Server): void => serveFigures((server.address() as AddressInfo).port);

export function serveFigures(port: number): void {
  const loop = monitorEventLoopDelay({ resolution });
  const reports: Readonly<Record<string, () => object>> = {
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return { cpuUs: user + system };
    },
    loop: () => {
      const loopP99Ms = loop.percentile(99) / 1e6 - resolution; // the histogram contains the sampling interval
      loop.reset();
      loop.enable(); // enabled at the first request, since it costs CPU
      return { loopP99Ms };
    },
  };
  process.on('SIGTERM', () => process.exit());
  process.on('SIGINT', () => {}); // Ctrl-C: the parent ends this process
  process.once('disconnect', () => process.exit());
  process.on('message', (what: string) => process.send?.(reports[what]?.() ?? {}));
  process.send?.({ port });
}
