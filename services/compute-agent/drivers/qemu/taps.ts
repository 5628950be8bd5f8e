/** The host's end of a guest's wire. It belongs to the guest's user, who opens it by name. */
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NicSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { run } from '#shared/process/run.ts';
import { isRoot } from './processes.ts';

const interfaces = '/sys/class/net';
/** The network agent makes the bridge at the same time; it is worth a short wait. */
const bridgeWithinMs = 10_000;

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

export async function ensureTap(nic: NicSpec & { readonly bridge: string }, uid: number | null): Promise<void> {
  if (!isRoot)
    throw new Fault(409, 'conflict', `Port ${nic.portId} cannot be plugged on this host.`, {
      details: `Port ${nic.portId} needs a tap on ${nic.bridge}, which only root can make.`,
    });
  await bridgeIsThere(nic.bridge);
  await openTunToUsers();
  const owner = await readFile(`${interfaces}/${nic.tap}/owner`, 'utf8').catch(() => null);
  if (owner !== null && Number(owner) !== (uid ?? 0)) await ensureTapGone(nic.tap);
  if (owner === null || Number(owner) !== (uid ?? 0))
    await run(['ip', 'tuntap', 'add', 'dev', nic.tap, 'mode', 'tap', 'user', String(uid ?? 0)]);
  await writeFile(`/proc/sys/net/ipv6/conf/${nic.tap}/disable_ipv6`, '1').catch(() => {}); // a wire, not a neighbour
  const address = ['address', nic.mac.replace(/^../, 'fe')]; // high, so that the bridge never takes it for its own
  await run(['ip', 'link', 'set', 'dev', nic.tap, ...address, 'mtu', String(nic.mtu), 'master', nic.bridge, 'up']);
}

/** As udev has it everywhere; without udev it is root's alone. What a user may open there is decided by each tap's owner. */
async function openTunToUsers(): Promise<void> {
  const { mode } = await stat('/dev/net/tun');
  if ((mode & 0o006) !== 0o006) await chmod('/dev/net/tun', 0o666);
}

async function bridgeIsThere(bridge: string): Promise<void> {
  for (const end = Date.now() + bridgeWithinMs; !(await isThere(`${interfaces}/${bridge}/bridge`)); ) {
    if (Date.now() > end) throw new Error(`bridge ${bridge} is not there yet`);
    await sleep(100);
  }
}

export async function ensureTapGone(tap: string): Promise<void> {
  if (!(await isThere(`${interfaces}/${tap}`))) return;
  await run(['ip', 'link', 'delete', 'dev', tap]).catch(async (error: unknown) => {
    if (await isThere(`${interfaces}/${tap}`)) throw error;
  });
}
