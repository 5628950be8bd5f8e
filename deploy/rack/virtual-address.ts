/**
 * The address of the cloud, at the leading management node. The kernel removes it by itself when this process has not renewed it
 * for some seconds, so that a leader that hangs does not keep it.
 */
import { networkInterfaces } from 'node:os';
import { tryRun } from '#shared/process/run.ts';

const leaseSeconds = 5;
/** Neighbours are told several times: an announcement may be lost. */
const announcements = 6;

export interface VirtualAddress {
  /** Repeated while this node leads. Idempotent. */
  ensure(isHere: boolean): Promise<void>;
}

/** `beside` is an address of the NIC that gets it. */
export function virtualAddress(address: string, beside: string): VirtualAddress {
  let [isHere, announced] = [false, 0];
  const ensure = async (wanted: boolean) => {
    const nic = nicOf(beside);
    if (nic === undefined || !(wanted || isHere || nicOf(address))) return;
    if (!wanted) {
      await tryRun(['ip', 'address', 'del', `${address}/32`, 'dev', nic]);
      [isHere, announced] = [false, 0];
      return;
    }
    const lease = ['valid_lft', String(leaseSeconds), 'preferred_lft', String(leaseSeconds)];
    await tryRun(['ip', 'address', 'replace', `${address}/32`, 'dev', nic, ...lease]);
    isHere = true;
    if (announced < announcements) void tryRun(['arping', '-q', '-U', '-c', '1', '-w', '1', '-I', nic, address]);
    announced += 1;
  };
  return { ensure };
}

const nicOf = (address: string): string | undefined =>
  Object.entries(networkInterfaces()).find(([, entries = []]) => entries.some((each) => each.address === address))?.[0];
