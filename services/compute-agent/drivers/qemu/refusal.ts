/**
 * Why KVM was refused, kept for an hour: a KVM that hangs takes the probe guest's four seconds of every start. It counts
 * while this kernel runs with this QEMU. That KVM works is tried each time: it takes no time, and guests depend on it.
 */
import { readFile, rm } from 'node:fs/promises';
import { writeWhole } from '#shared/files/whole.ts';

interface Refusal {
  /** Boot and QEMU that it was found with. */
  readonly of: string;
  readonly at: number;
  readonly reason: string;
}

const goodForMs = 3_600_000;

/** The reason that is kept, or what trying finds: null when KVM works. `qemu` names a version of it. */
export async function refusalOf(
  file: string,
  qemu: string,
  tryNow: () => Promise<string | null>,
): Promise<string | null> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  const of = `${boot.trim()} ${qemu}`;
  const kept = await lookRefusal(file);
  if (kept?.of === of && Date.now() - kept.at < goodForMs) return kept.reason;
  const reason = await tryNow();
  if (reason === null) await rm(file, { force: true });
  else await writeWhole(file, JSON.stringify({ of, at: Date.now(), reason } satisfies Refusal));
  return reason;
}

async function lookRefusal(file: string): Promise<Refusal | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Refusal;
  } catch {
    return undefined; // never written, or not by us: it is tried
  }
}
