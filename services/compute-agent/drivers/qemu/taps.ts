/** Tap interfaces of guests. A tap belongs to the guest's user, who opens it by name. */
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NicSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { run } from '#shared/process/run.ts';
import { isRoot } from './processes.ts';

const interfaces = '/sys/class/net';
/** The network agent creates the bridge at the same time, so a short wait avoids a retry. */
const bridgeWithinMs = 10_000;

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

export async function ensureTap(nic: NicSpec & { readonly bridge: string }, uid: number | null): Promise<void> {
  if (!isRoot)
    throw new Fault(409, 'conflict', `Port ${nic.portId} cannot be plugged on this host.`, {
      details: `Port ${nic.portId} needs a tap on ${nic.bridge}, which only root can make.`,
    });
  await waitForBridge(nic.bridge);
  await openTunToUsers();
  const owner = await readFile(`${interfaces}/${nic.tap}/owner`, 'utf8').catch(() => null);
  if (owner !== null && Number(owner) !== (uid ?? 0)) await ensureTapGone(nic.tap);
  if (owner === null || Number(owner) !== (uid ?? 0))
    await run(['ip', 'tuntap', 'add', 'dev', nic.tap, 'mode', 'tap', 'user', String(uid ?? 0)]);
  await writeFile(`/proc/sys/net/ipv6/conf/${nic.tap}/disable_ipv6`, '1').catch(() => {}); // the host has no address on it
  const address = ['address', nic.mac.replace(/^../, 'fe')]; // a high MAC: a bridge takes the lowest MAC of its ports
  await run(['ip', 'link', 'set', 'dev', nic.tap, ...address, 'mtu', String(nic.mtu), 'master', nic.bridge, 'up']);
}

/** As udev sets it; without udev only root has access. The owner of each tap decides who may open it. */
async function openTunToUsers(): Promise<void> {
  const { mode } = await stat('/dev/net/tun');
  if ((mode & 0o006) !== 0o006) await chmod('/dev/net/tun', 0o666);
}

async function waitForBridge(bridge: string): Promise<void> {
  for (const end = Date.now() + bridgeWithinMs; !(await exists(`${interfaces}/${bridge}/bridge`)); ) {
    if (Date.now() > end) throw new Error(`bridge ${bridge} does not exist yet`);
    await sleep(100);
  }
}

export async function ensureTapGone(tap: string): Promise<void> {
  if (!(await exists(`${interfaces}/${tap}`))) return;
  await run(['ip', 'link', 'delete', 'dev', tap]).catch(async (error: unknown) => {
    if (await exists(`${interfaces}/${tap}`)) throw error;
  });
}
