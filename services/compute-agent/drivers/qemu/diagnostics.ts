/** What a running guest has used, from QEMU, /proc and the taps. */
import { readFile } from 'node:fs/promises';
import type { GuestDiagnostics } from '#shared/contracts/compute-agent.ts';
import { notRunning } from '../refusals.ts';
import { diskDevice, keyOf } from './devices.ts';
import type { Guest, Running } from './host.ts';

interface BlockStats {
  readonly qdev?: string;
  readonly stats: Readonly<Record<string, number>>;
}

export async function diagnosticsOf({ record, running }: Guest): Promise<GuestDiagnostics> {
  if (!running) throw notRunning(record.id);
  const { spec, names } = record;
  const blocks = await running.qmp.execute<BlockStats[]>('query-blockstats');
  const disks = spec.disks.map(({ id }) => {
    const device = diskDevice(keyOf(id));
    const stats = blocks.find(({ qdev = '' }) => qdev.split('/').includes(device))?.stats ?? {};
    return diskView(names[id] ?? id, stats);
  });
  return {
    uptimeS: await uptimeOf(running),
    cpuNs: await cpuTimes(running),
    disks,
    nics: await Promise.all(
      spec.nics.map(async ({ mac, tap, bridge }) => ({
        mac,
        tap,
        counters: bridge === null ? null : await countersOf(tap),
      })),
    ),
    usedRamMb: spec.ramMb,
  };
}

const diskView = (device: string, stats: Readonly<Record<string, number>>) => ({
  device,
  readBytes: stats.rd_bytes ?? 0,
  readRequests: stats.rd_operations ?? 0,
  writeBytes: stats.wr_bytes ?? 0,
  writeRequests: stats.wr_operations ?? 0,
  errors: (stats.failed_rd_operations ?? 0) + (stats.failed_wr_operations ?? 0),
});

interface Cpu {
  readonly 'thread-id': number;
}

/** Under TCG several virtual CPUs may share a thread. */
async function cpuTimes({ qmp, process }: Running): Promise<number[]> {
  const cpus = await qmp.execute<Cpu[]>('query-cpus-fast');
  const read = (cpu: Cpu) =>
    readFile(`/proc/${process.pid}/task/${cpu['thread-id']}/schedstat`, 'utf8').catch(() => '0');
  return Promise.all(cpus.map(async (cpu) => Number((await read(cpu)).split(' ')[0])));
}

const ticksPerSecond = 100;

async function uptimeOf({ process }: Running): Promise<number> {
  const seconds = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  const stat = await readFile(`/proc/${process.pid}/stat`, 'utf8').catch(() => '');
  const startedAt = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0) / ticksPerSecond;
  return Math.max(0, Math.floor(seconds - startedAt));
}

const counters = ['bytes', 'packets', 'errors', 'dropped'];

/** As the guest sees them: what the host sends through the tap, it receives. */
async function countersOf(tap: string): Promise<Readonly<Record<string, number>>> {
  const read = async (name: string) =>
    Number(await readFile(`/sys/class/net/${tap}/statistics/${name}`, 'utf8').catch(() => '0'));
  const pairs = counters.flatMap((name) => [
    [`rx_${name}`, `tx_${name}`],
    [`tx_${name}`, `rx_${name}`],
  ]);
  return Object.fromEntries(await Promise.all(pairs.map(async ([seen = '', ofTap = '']) => [seen, await read(ofTap)])));
}
