/**
 * Finds out whether guests can use KVM. That /dev/kvm can be opened is not enough: where nested virtualization is broken
 * or emulated, guests are very slow or abort. So a tiny guest must count to fifty million and exit in time.
 */
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GuestMachine } from '#shared/contracts/compute-agent.ts';
import { run, tryRun } from '#shared/process/run.ts';
import { isUsable, unprivileged } from './processes.ts';
import { cachedRefusal } from './refusal.ts';

type Accelerator = GuestMachine['accelerator'];
export type VirtType = 'auto' | 'kvm' | 'qemu';

const rounds = 50_000_000;
/** 42 written to the port of isa-debug-exit ends QEMU with 42 * 2 + 1. */
const provenCode = 85;

/** A BIOS of 64 KiB: counts down, then exits with 42. */
function probeRom(): Buffer {
  const rom = Buffer.alloc(65_536, 0xf4); // hlt
  const count = Buffer.alloc(4);
  count.writeUInt32LE(rounds);
  const countDown = [0x66, 0xb9, ...count, 0x66, 0x49, 0x75, 0xfc]; // mov ecx, rounds; dec ecx; jnz back
  const exitWith42 = [0xb0, 0x2a, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd]; // mov al, 42; out 0xf4, al; hlt, for ever
  Buffer.from([0xfa, ...countDown, ...exitWith42]).copy(rom); // cli first
  Buffer.from([0xea, 0x00, 0x00, 0x00, 0xf0]).copy(rom, 0xfff0); // reset vector: jump to f000:0000
  return rom;
}

/** Runs the probe with the user and groups of a guest. Returns the reason against KVM, or null. */
async function whyNotKvm(qemu: string, uid: number | null, groups: readonly number[]): Promise<string | null> {
  if (!isUsable('/dev/kvm')) return '/dev/kvm cannot be opened';
  const dir = await mkdtemp(join(tmpdir(), 'wattle-probe-'));
  try {
    await chmod(dir, 0o755);
    await writeFile(join(dir, 'rom'), probeRom(), { mode: 0o644 });
    const argv = [
      ...unprivileged(uid, groups),
      qemu,
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-no-reboot',
      '-m',
      '16',
    ];
    const machine = ['-machine', 'q35,accel=kvm', '-cpu', 'host', '-bios', join(dir, 'rom')];
    const exit = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'];
    const { code, stderr } = await tryRun([...argv, ...machine, ...exit], { timeoutMs: 4_000 });
    if (code === provenCode) return null;
    return stderr.trim().split('\n').at(-1) || 'the probe guest did not end in time';
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export interface Capabilities {
  readonly accelerator: Accelerator;
  /** Why not KVM; null with KVM. */
  readonly reason: string | null;
  /** The group that may open /dev/kvm, when it takes one. */
  readonly kvmGroups: readonly number[];
  /** The versioned name behind q35. */
  readonly machineType: string;
  /** In Nova's encoding: 7.2.22 is 7002022. */
  readonly version: number;
}

interface ProbeOptions {
  readonly qemu: string;
  readonly virtType: VirtType;
  /** The user of guests; null: the agent's own. */
  readonly uid: number | null;
  /** The file that caches why KVM was refused. */
  readonly refusalFile: string;
}

export async function probe({ qemu, virtType, uid, refusalFile }: ProbeOptions): Promise<Capabilities> {
  const [versionOutput, machines] = await Promise.all([run([qemu, '--version']), run([qemu, '-machine', 'help'])]);
  const [, major = '0', minor = '0', micro = '0'] = /version (\d+)\.(\d+)\.(\d+)/.exec(versionOutput.stdout) ?? [];
  const machineType = /alias of (pc-q35-[\d.]+)/.exec(machines.stdout)?.[1];
  if (!machineType) throw new Error(`${qemu} has no q35 machine type`);
  const kvm = await stat('/dev/kvm').catch(() => null);
  const kvmGroups = [kvm?.gid ?? 0].filter((gid) => gid !== 0);
  const tryKvm = () => cachedRefusal(refusalFile, versionOutput.stdout, () => whyNotKvm(qemu, uid, kvmGroups));
  const reason = virtType === 'qemu' ? 'virtType is qemu' : await tryKvm();
  if (reason !== null && virtType === 'kvm') throw new Error(`virtType is kvm, but guests do not run on it: ${reason}`);
  const accelerator = reason === null ? 'kvm' : 'tcg';
  const version = Number(major) * 1_000_000 + Number(minor) * 1_000 + Number(micro);
  return { accelerator, reason, kvmGroups, machineType, version };
}
