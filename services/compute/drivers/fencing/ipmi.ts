/** Powers a host off through its baseboard controller, with ipmitool. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandResult, tryRun } from '#shared/process/run.ts';
import { type Fenced, type Fencing, refused } from './fencing.ts';

export interface IpmiOptions {
  /** The address of the controller of each host: `kvm1=10.0.9.11`. */
  readonly hosts: readonly string[];
  readonly user: string;
  /** ipmitool reads the password from it: every user of the machine sees arguments. */
  readonly passwordFile: string;
  /** How long a host may take to be off. */
  readonly offWithinMs?: number;
  readonly tool?: string;
}

const pollMs = 1_000;

export function ipmiFencing({
  hosts,
  user,
  passwordFile,
  offWithinMs = 30_000,
  tool = 'ipmitool',
}: IpmiOptions): Fencing {
  const addresses = new Map(hosts.map((each) => each.split('=', 2) as [string, string]));
  const ask = (address: string, ...command: readonly string[]): Promise<CommandResult> =>
    tryRun([tool, '-I', 'lanplus', '-H', address, '-U', user, '-f', passwordFile, ...command], { timeoutMs: 20_000 });
  const isOff = async (address: string) =>
    /power is off/i.test((await ask(address, 'chassis', 'power', 'status')).stdout);

  const powerOff = async (address: string): Promise<Fenced> => {
    let last = await ask(address, 'chassis', 'power', 'off');
    for (const end = performance.now() + offWithinMs; performance.now() < end; await sleep(pollMs)) {
      if (await isOff(address)) return { fenced: true };
      if (last.code !== 0) last = await ask(address, 'chassis', 'power', 'off');
    }
    const why = last.code === 0 ? 'it is not off' : last.stderr.trim() || `ipmitool ended with ${last.code}`;
    return refused(`The controller ${address} did not power the host off within ${offWithinMs / 1000} s: ${why}.`);
  };
  return {
    name: 'ipmi',
    fence: async (host) => {
      const address = addresses.get(host);
      if (!address) return refused(`compute.ipmiHosts names no controller of host ${host}.`);
      return powerOff(address).catch((error: NodeJS.ErrnoException) =>
        refused(error.code === 'ENOENT' ? `${tool} is not installed: apt-get install ipmitool.` : error.message),
      );
    },
    uncovered: () => null,
  };
}
