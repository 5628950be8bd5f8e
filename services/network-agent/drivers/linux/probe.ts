/** What this kernel takes, tried in a scratch namespace: accepted is more than "the version should have it". */
import { existsSync } from 'node:fs';
import { tryRun } from '#shared/process/run.ts';
import { inside } from './commands.ts';
import type { Names } from './names.ts';
import { ensureSpaceGone, isListed } from './namespaces.ts';

type Features = Readonly<Record<string, string>>;

/** Lines of `ip -batch`. */
const links: Features = {
  bridge: 'link add probe0 type bridge nf_call_iptables 1',
  veth: 'link add probe1 type veth peer name probe2',
  vxlan: 'link add probe3 type vxlan id 1 dstport 4789 local 127.0.0.1',
  vlan: 'link add link lo name probe4 type vlan id 5',
};

const tables: Features = {
  'nft-bridge': 'table bridge probe { chain c { type filter hook forward priority -200; meta mark set 1; }; }',
  'nft-zones':
    'table inet probe { chain c { type filter hook prerouting priority -450; ct zone set iifname map { "a" : 1 }; }; }',
  'nft-connections':
    'table ip probe_pairs { set s { type ipv4_addr . ipv4_addr; }; chain c { type filter hook forward priority filter; ct original ip daddr . ct reply ip saddr != @s ct mark set 1 drop; }; }',
  'nft-nat': 'table ip probe { chain c { type nat hook postrouting priority srcnat; masquerade; }; }',
};

/** Older ones have known flaws that any guest can reach: it answers them. */
export const recentDnsmasq = 'dnsmasq-2.90';

export function isRecent(version: string): boolean {
  const [, major = '0', minor = '0'] = /^Dnsmasq version (\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 90);
}

const programs: Readonly<Record<string, readonly string[]>> = {
  dnsmasq: ['dnsmasq', '--version'],
};

/** Without one of these nothing would be true. */
const required = ['bridge', 'veth', 'nft-bridge', 'nft-zones', 'nft-connections', 'nft-nat', 'br_netfilter', 'dnsmasq'];

export async function probe({ table }: Names): Promise<string[]> {
  await loadModules();
  const space = `${table}-probe`;
  if (isListed(space)) await ensureSpaceGone(space); // of a probe that was killed
  if (!(await succeeds(['ip', 'netns', 'add', space]))) return [];
  const [linked, filtered, ...installed] = await Promise.all([
    possibleLinks(space),
    possibleTables(space),
    ...Object.entries(programs).map(async ([name, words]) => ((await succeeds(words)) ? [name] : [])),
  ]);
  await ensureSpaceGone(space);
  const version = await tryRun(['dnsmasq', '--version']).catch(() => null);
  if (isRecent(version?.stdout ?? '')) installed.push([recentDnsmasq]);
  return [...linked, ...filtered, ...(existsSync(bridgeSwitches) ? ['br_netfilter'] : []), ...installed.flat()];
}

export const lackingOf = (found: readonly string[]): string[] => required.filter((feature) => !found.includes(feature));

/** One process for all: it goes on after a refusal, and says `Command failed -:3` of the third line. */
async function possibleLinks(space: string): Promise<string[]> {
  const words = ['ip', '-n', space, '-force', '-batch', '-'];
  const { code, stderr } = await tryRun(words, { input: textOf(Object.values(links)) });
  const refused = new Set([...stderr.matchAll(/^Command failed -:(\d+)$/gm)].map(([, line]) => Number(line)));
  if (code !== 0 && refused.size === 0) return [];
  return Object.keys(links).filter((_, at) => !refused.has(at + 1));
}

/** All at once, as most kernels take them; where one is refused nothing stands, and each by itself tells which. */
async function possibleTables(space: string): Promise<string[]> {
  const takes = (lines: readonly string[]) => succeeds([...inside(space), 'nft', '-f', '-'], textOf(lines));
  if (await takes(Object.values(tables))) return Object.keys(tables);
  const alone = Object.entries(tables).map(async ([name, line]) => ((await takes([line])) ? [name] : []));
  return (await Promise.all(alone)).flat();
}

const textOf = (lines: readonly string[]) => `${lines.join('\n')}\n`;

const bridgeSwitches = '/proc/sys/net/bridge';

async function loadModules(): Promise<void> {
  if (existsSync(bridgeSwitches) && existsSync('/sys/module/vxlan')) return;
  await succeeds(['modprobe', '-a', 'br_netfilter', 'vxlan']);
}

const succeeds = (words: readonly string[], input = '') =>
  tryRun(words, { input, timeoutMs: 10_000 }).then(
    ({ code }) => code === 0,
    () => false,
  );
