/** Leases and names of a network: dnsmasq in a namespace with a cable into it. It outlives the agent. */
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { DhcpSpec } from '#shared/contracts/network-agent.ts';
import { writeWhole } from '#shared/files/whole.ts';
import { isWithin } from './addresses.ts';
import { announceLine, announces, cableLines, ensureCablesGone } from './cable.ts';
import { call, inside, ipBatch, listLinks } from './commands.ts';
import { ensureEnded, isDnsmasq } from './dnsmasq.ts';
import { type DnsmasqFiles, dnsmasqFiles, metadataAddress } from './dnsmasq-files.ts';
import { addressLines } from './external.ts';
import { inner, type Names } from './names.ts';
import { ensureSpace, ensureSpaceGone } from './namespaces.ts';

/** `<network>/dhcp` is the name of the spec; the network names the place. */
export const networkOf = (specId: string): string => specId.split('/')[0] ?? specId;
export const dirOf = (names: Names, networkId: string): string => join(names.runDir, 'dhcp', networkId);

interface DhcpHost {
  readonly names: Names;
  /** In the environment of each dnsmasq: whose it is, for those who look around on the host. */
  readonly stateDir: string;
  /** Name servers for networks that have none. */
  readonly upstream: readonly string[];
}

/** The bridge is there already. Safe to ask twice. */
export async function ensureDhcp({ names, stateDir, upstream }: DhcpHost, spec: DhcpSpec): Promise<void> {
  const networkId = networkOf(spec.id);
  const space = names.dhcpSpace(networkId);
  await ensureSpace(space, [announces]);
  const isNew = await plug(names, space, spec);
  const dir = dirOf(names, networkId);
  await ensureDnsmasq({ space, dir, stateDir }, dnsmasqFiles(spec, dir, upstream));
  // Guests may know its address by the MAC of an older port.
  if (isNew) await ipBatch([announceLine(inner.dhcp(spec.port.id), spec.port.mac)], space);
}

/** True when the link was not there before. */
async function plug(names: Names, space: string, { port, segment, subnets }: DhcpSpec): Promise<boolean> {
  const link = inner.dhcp(port.id);
  const cable = { veth: names.veth(port.id), link, mac: port.mac, bridge: segment.bridge, mtu: segment.mtu };
  const [host, before] = await Promise.all([listLinks(), listLinks(space)]);
  const unknown = [...before.keys()].filter((name) => name.startsWith('ns-') && name !== link);
  await ipBatch(
    unknown.map((name) => `link del ${name}`),
    space,
  );
  await ipBatch(cableLines(cable, space, host, before));
  const links = await listLinks(space);
  const addresses = port.fixedIps.map(({ address, subnetId }) => `${address}/${lengthOf(subnets, address, subnetId)}`);
  const gateway = subnets.find(({ gateway: via, cidr }) => via && isWithin(via, cidr))?.gateway;
  await ipBatch(
    [
      ...addressLines(link, addresses, links),
      ...(links.get('lo')?.addresses.includes(`${metadataAddress}/32`)
        ? []
        : [`addr add ${metadataAddress}/32 dev lo`]),
      ...(links.get(link)?.up ? [] : [`link set ${link} up`]),
      // For names that dnsmasq has to ask for elsewhere.
      gateway && addresses.length > 0
        ? `route replace default via ${gateway} dev ${link} onlink`
        : 'route flush default',
    ],
    space,
  );
  return !before.has(link);
}

const lengthOf = (subnets: DhcpSpec['subnets'], address: string, subnetId: string) =>
  subnets.find(({ id }) => id === subnetId)?.cidr.split('/')[1] ?? (address.includes(':') ? '64' : '32');

/**
 * New leases are told by SIGHUP. One that ended needs a fresh start: dnsmasq would keep the address for the old MAC. The
 * old one is ended first, so whoever dies in the middle finds none and starts it.
 */
async function ensureDnsmasq({ space, dir, stateDir }: Place, files: DnsmasqFiles): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const path of [dir, dirname(dir), dirname(dirname(dir))]) await chmod(path, 0o755); // dnsmasq is no root
  const running = pidOf(dir);
  const fresh = running === null || (await needsStart(dir, files));
  if (running !== null && fresh) await ensureEnded(running);
  for (const [name, text] of Object.entries(files)) await writeWhole(join(dir, name), text, 0o644);
  if (running !== null && !fresh) process.kill(running, 'SIGHUP');
  else await startDnsmasq(space, dir, stateDir);
}

/** Returns when it serves, or says why it cannot. It runs as a user of its own, in a session of its own. */
async function startDnsmasq(space: string, dir: string, stateDir: string): Promise<void> {
  const words = ['dnsmasq', `--conf-file=${join(dir, 'dnsmasq.conf')}`];
  await call([...inside(space), ...words], { env: { WATTLE_STATE: resolve(stateDir) } });
}

interface Place {
  readonly space: string;
  readonly dir: string;
  readonly stateDir: string;
}

async function needsStart(dir: string, files: DnsmasqFiles): Promise<boolean> {
  const old = (name: string) => readFile(join(dir, name), 'utf8').catch(() => '');
  const leases = new Set(files.hosts.split('\n'));
  const ended = (await old('hosts')).split('\n').some((lease) => !leases.has(lease));
  return ended || (await old('dnsmasq.conf')) !== files['dnsmasq.conf'];
}

/** The process of this directory, if it runs. */
export function pidOf(dir: string): number | null {
  try {
    const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'));
    return isDnsmasq(pid, dir) ? pid : null;
  } catch {
    return null;
  }
}

/** The metadata door of the namespace is closed already: an open socket would keep it. */
export async function ensureDhcpGone(names: Names, networkId: string, portId: string | undefined): Promise<void> {
  const dir = dirOf(names, networkId);
  const pid = pidOf(dir);
  if (pid !== null) await ensureEnded(pid);
  await ensureCablesGone(portId === undefined ? [] : [names.veth(portId)]);
  await ensureSpaceGone(names.dhcpSpace(networkId));
  await rm(dir, { recursive: true, force: true });
}
