/** Facts about the machine: processors, memory, disk. */
import { readFile, statfs } from 'node:fs/promises';
import { arch, cpus, freemem, totalmem } from 'node:os';
import { own } from '#shared/input/own.ts';
import type { HostFacts } from './hypervisor.ts';

const mb = 1024 * 1024;
const gb = 1024 * mb;

export async function factsOf(dir: string): Promise<Omit<HostFacts, 'hypervisor' | 'accelerator'>> {
  const { bsize, blocks, bavail } = await statfs(dir);
  return {
    vcpus: cpus().length,
    ramMb: Math.floor(totalmem() / mb),
    usedRamMb: Math.floor((totalmem() - freemem()) / mb),
    diskGb: Math.floor((blocks * bsize) / gb),
    freeDiskGb: Math.floor((bavail * bsize) / gb),
    cpu: await processor(),
  };
}

const arches: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

async function processor(): Promise<HostFacts['cpu']> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const model = /^model name\s*:\s*(.+)$/m.exec(text)?.[1] ?? 'unknown';
  const features = (/^flags\s*:\s*(.+)$/m.exec(text)?.[1] ?? '').split(' ').filter(Boolean);
  return { arch: own(arches, arch()) ?? arch(), model, features };
}
