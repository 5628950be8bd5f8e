/** Probes the features of this kernel by trying each in a scratch namespace, rather than by its version. */
import { existsSync } from 'node:fs';
import { tryRun } from '#shared/process/run.ts';
import { netnsExec } from './commands.ts';
import type { Names } from './names.ts';
import { ensureNamespaceGone, isListed } from './namespaces.ts';

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

/** Older versions have known vulnerabilities, which any guest can reach by DHCP and DNS. */
export const recentDnsmasq = 'dnsmasq-2.90';

export function isRecent(version: string): boolean {
  const [, major = '0', minor = '0'] = /^Dnsmasq version (\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 90);
}

const programs: Readonly<Record<string, readonly string[]>> = {
  dnsmasq: ['dnsmasq', '--version'],
};

/** A host that lacks one of these refuses all specs. */
const required = ['bridge', 'veth', 'nft-bridge', 'nft-zones', 'nft-connections', 'nft-nat', 'br_netfilter', 'dnsmasq'];

export async function probe({ table }: Names): Promise<string[]> {
  await loadModules();
  const namespace = `${table}-probe`;
  if (isListed(namespace)) await ensureNamespaceGone(namespace); // left by a probe that was killed
  if (!(await succeeds(['ip', 'netns', 'add', namespace]))) return [];
  const [linked, filtered, ...installed] = await Promise.all([
    possibleLinks(namespace),
    possibleTables(namespace),
    ...Object.entries(programs).map(async ([name, argv]) => ((await succeeds(argv)) ? [name] : [])),
  ]);
  await ensureNamespaceGone(namespace);
  const version = await tryRun(['dnsmasq', '--version']).catch(() => null);
  if (isRecent(version?.stdout ?? '')) installed.push([recentDnsmasq]);
  return [...linked, ...filtered, ...(existsSync(bridgeSysctls) ? ['br_netfilter'] : []), ...installed.flat()];
}

export const lackingOf = (found: readonly string[]): string[] => required.filter((feature) => !found.includes(feature));

/** Tries all in one process, which goes on after a refusal and prints `Command failed -:3` for the third line. */
async function possibleLinks(namespace: string): Promise<string[]> {
  const argv = ['ip', '-n', namespace, '-force', '-batch', '-'];
  const { code, stderr } = await tryRun(argv, { input: textOf(Object.values(links)) });
  const refused = new Set([...stderr.matchAll(/^Command failed -:(\d+)$/gm)].map(([, line]) => Number(line)));
  if (code !== 0 && refused.size === 0) return [];
  return Object.keys(links).filter((_, at) => !refused.has(at + 1));
}

/** Tries all at once, which most kernels accept; on a refusal each one by itself. */
async function possibleTables(namespace: string): Promise<string[]> {
  const accepts = (lines: readonly string[]) => succeeds([...netnsExec(namespace), 'nft', '-f', '-'], textOf(lines));
  if (await accepts(Object.values(tables))) return Object.keys(tables);
  const alone = Object.entries(tables).map(async ([name, line]) => ((await accepts([line])) ? [name] : []));
  return (await Promise.all(alone)).flat();
}

const textOf = (lines: readonly string[]) => `${lines.join('\n')}\n`;

const bridgeSysctls = '/proc/sys/net/bridge';

async function loadModules(): Promise<void> {
  if (existsSync(bridgeSysctls) && existsSync('/sys/module/vxlan')) return;
  await succeeds(['modprobe', '-a', 'br_netfilter', 'vxlan']);
}

const succeeds = (argv: readonly string[], input = '') =>
  tryRun(argv, { input, timeoutMs: 10_000 }).then(
    ({ code }) => code === 0,
    () => false,
  );
