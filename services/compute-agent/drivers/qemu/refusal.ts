/**
 * Caches for an hour why KVM was refused: a KVM that hangs would delay every start by the probe's four seconds. The entry is
 * valid for one boot of the kernel and one version of QEMU. A success is not cached: that probe is fast.
 */
import { readFile, rm } from 'node:fs/promises';
import { writeWhole } from '#shared/files/whole.ts';

interface Refusal {
  /** Boot id and QEMU version of the probe. */
  readonly of: string;
  readonly at: number;
  readonly reason: string;
}

const maxAgeMs = 3_600_000;

/** Returns the cached reason, or the result of the probe: null when KVM works. `qemu` is its version. */
export async function cachedRefusal(
  file: string,
  qemu: string,
  probe: () => Promise<string | null>,
): Promise<string | null> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  const of = `${boot.trim()} ${qemu}`;
  const kept = await readRefusal(file);
  if (kept?.of === of && Date.now() - kept.at < maxAgeMs) return kept.reason;
  const reason = await probe();
  if (reason === null) await rm(file, { force: true });
  else await writeWhole(file, JSON.stringify({ of, at: Date.now(), reason } satisfies Refusal));
  return reason;
}

async function readRefusal(file: string): Promise<Refusal | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Refusal;
  } catch {
    return undefined; // missing or invalid: probe again
  }
}
