/** DHCP and DNS of a network: dnsmasq in a namespace with a veth into the network. It keeps running when the agent ends. */

import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { DhcpSpec } from '#shared/contracts/network-agent.ts';
import { writeWhole } from '#shared/files/whole.ts';
import { isWithin, versionOf } from '#shared/net/addresses.ts';
import { sendSignal } from '../../../../shared/process/signal.ts';
import { ipBatch, listLinks, netnsExec, runProgram } from './commands.ts';
import { ensureEnded, isDnsmasq } from './dnsmasq.ts';
import { type DnsmasqFiles, dnsmasqFiles, metadataAddress } from './dnsmasq-files.ts';
import { addressLines } from './external.ts';
import { inner, type Names } from './names.ts';
import { ensureNamespace, ensureNamespaceGone } from './namespaces.ts';
import { announceLine, arpNotify, ensureVethsGone, vethLines } from './veth.ts';

/** The network of a spec id such as `<network>/dhcp`. */
export const networkOf = (specId: string): string => specId.split('/')[0] ?? specId;
export const dirOf = (names: Names, networkId: string): string => join(names.runDir, 'dhcp', networkId);

interface DhcpHost {
  readonly names: Names;
  /** Set in the environment of each dnsmasq, to identify the cloud that it belongs to. */
  readonly stateDir: string;
  /** Name servers for networks that have none. */
  readonly upstream: readonly string[];
}

/** Idempotent. The bridge must exist. */
export async function ensureDhcp({ names, stateDir, upstream }: DhcpHost, spec: DhcpSpec): Promise<void> {
  const networkId = networkOf(spec.id);
  const namespace = names.dhcpNamespace(networkId);
  await ensureNamespace(namespace, [arpNotify]);
  const isNew = await plug(names, namespace, spec);
  const dir = dirOf(names, networkId);
  await ensureDnsmasq({ namespace, dir, stateDir }, dnsmasqFiles(spec, dir, upstream));
  // Guests may have the MAC of an earlier port in their ARP caches.
  if (isNew) await ipBatch([announceLine(inner.dhcp(spec.port.id), spec.port.mac)], namespace);
}

/** Returns true when the link is new. */
async function plug(names: Names, namespace: string, { port, segment, subnets }: DhcpSpec): Promise<boolean> {
  const link = inner.dhcp(port.id);
  const pair = { veth: names.veth(port.id), link, mac: port.mac, bridge: segment.bridge, mtu: segment.mtu };
  const [host, before] = await Promise.all([listLinks(), listLinks(namespace)]);
  const surplus = [...before.keys()].filter((name) => name.startsWith('ns-') && name !== link);
  await ipBatch(
    surplus.map((name) => `link del ${name}`),
    namespace,
  );
  await ipBatch(vethLines(pair, namespace, host, before));
  const links = await listLinks(namespace);
  const addresses = port.fixedIps.map(({ address, subnetId }) => `${address}/${lengthOf(subnets, address, subnetId)}`);
  const gateway = subnets.find(({ gateway: via, cidr }) => via && versionOf(via) === 4 && isWithin(via, cidr))?.gateway;
  await ipBatch(
    [
      ...addressLines(link, addresses, links),
      ...(links.get('lo')?.addresses.includes(`${metadataAddress}/32`)
        ? []
        : [`addr add ${metadataAddress}/32 dev lo`]),
      ...(links.get(link)?.up ? [] : [`link set ${link} up`]),
      // dnsmasq forwards queries to its upstream servers.
      gateway && addresses.length > 0
        ? `route replace default via ${gateway} dev ${link} onlink`
        : 'route flush default',
    ],
    namespace,
  );
  return !before.has(link);
}

const lengthOf = (subnets: DhcpSpec['subnets'], address: string, subnetId: string) =>
  subnets.find(({ id }) => id === subnetId)?.cidr.split('/')[1] ?? (address.includes(':') ? '64' : '32');

/**
 * SIGHUP makes dnsmasq read new leases. A removed lease needs a restart: dnsmasq would keep the address for the old MAC.
 * The old process is ended first, so that after a crash in between the next call starts a new one.
 */
async function ensureDnsmasq({ namespace, dir, stateDir }: DnsmasqPaths, files: DnsmasqFiles): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const path of [dir, dirname(dir), dirname(dirname(dir))]) await chmod(path, 0o755); // dnsmasq does not run as root
  const running = pidOf(dir);
  const restart = running === null || (await needsStart(dir, files));
  if (running !== null && restart) await ensureEnded(running);
  for (const [name, text] of Object.entries(files)) await writeWhole(join(dir, name), text, 0o644);
  if (running !== null && !restart) sendSignal(running, 'SIGHUP');
  else await startDnsmasq(namespace, dir, stateDir);
}

/** Resolves when dnsmasq serves; rejects with its error output otherwise. It is a daemon with a user of its own. */
async function startDnsmasq(namespace: string, dir: string, stateDir: string): Promise<void> {
  const argv = ['dnsmasq', `--conf-file=${join(dir, 'dnsmasq.conf')}`];
  await runProgram([...netnsExec(namespace), ...argv], { env: { WATTLE_STATE: resolve(stateDir) } });
}

interface DnsmasqPaths {
  readonly namespace: string;
  readonly dir: string;
  readonly stateDir: string;
}

async function needsStart(dir: string, files: DnsmasqFiles): Promise<boolean> {
  const old = (name: string) => readFile(join(dir, name), 'utf8').catch(() => '');
  const leases = new Set(files.hosts.split('\n'));
  const removed = (await old('hosts')).split('\n').some((lease) => !leases.has(lease));
  return removed || (await old('dnsmasq.conf')) !== files['dnsmasq.conf'];
}

/** The pid of the dnsmasq with this directory; null when it does not run. */
export function pidOf(dir: string): number | null {
  try {
    const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'));
    return isDnsmasq(pid, dir) ? pid : null;
  } catch {
    return null;
  }
}

/** The metadata listener of the namespace must be closed: an open socket keeps a namespace alive. */
export async function ensureDhcpGone(names: Names, networkId: string, portId: string | undefined): Promise<void> {
  const dir = dirOf(names, networkId);
  const pid = pidOf(dir);
  if (pid !== null) await ensureEnded(pid);
  await ensureVethsGone(portId === undefined ? [] : [names.veth(portId)]);
  await ensureNamespaceGone(names.dhcpNamespace(networkId));
  await rm(dir, { recursive: true, force: true });
}
