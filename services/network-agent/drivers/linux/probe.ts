/** What this kernel takes, tried in a scratch namespace: accepted is more than "the version should have it". */
import { existsSync } from 'node:fs';
import { tryRun } from '#shared/process/run.ts';
import { inside } from './commands.ts';
import type { Names } from './names.ts';
import { ensureSpace, ensureSpaceGone } from './namespaces.ts';

type Try = (space: string) => Promise<boolean>;

const link =
  (...words: string[]): Try =>
  (space) =>
    succeeds(['ip', '-n', space, 'link', 'add', ...words]);
const nft =
  (table: string): Try =>
  (space) =>
    succeeds([...inside(space), 'nft', '-f', '-'], `${table}\n`);

const features: Readonly<Record<string, Try>> = {
  bridge: link('probe0', 'type', 'bridge', 'nf_call_iptables', '1'),
  veth: link('probe1', 'type', 'veth', 'peer', 'name', 'probe2'),
  vxlan: link('probe3', 'type', 'vxlan', 'id', '1', 'dstport', '4789', 'local', '127.0.0.1'),
  vlan: link('link', 'lo', 'name', 'probe4', 'type', 'vlan', 'id', '5'),
  'nft-bridge': nft('table bridge probe { chain c { type filter hook forward priority -200; meta mark set 1; }; }'),
  'nft-zones': nft(
    'table inet probe { chain c { type filter hook prerouting priority -450; ct zone set iifname map { "a" : 1 }; }; }',
  ),
  'nft-nat': nft('table ip probe { chain c { type nat hook postrouting priority srcnat; masquerade; }; }'),
  br_netfilter: async () => existsSync('/proc/sys/net/bridge'),
  dnsmasq: () => succeeds(['dnsmasq', '--version']),
  arping: async (space) => succeeds([...inside(space), 'arping', '-V']),
};

/** Without one of these nothing would be true. */
const required = ['bridge', 'veth', 'nft-bridge', 'nft-zones', 'nft-nat', 'br_netfilter', 'dnsmasq'];

export async function probe({ table }: Names): Promise<string[]> {
  await tryRun(['modprobe', '-a', 'br_netfilter', 'vxlan']).catch(() => {});
  const space = `${table}-probe`;
  if (!(await succeeds(['ip', '-V']))) return [];
  await ensureSpace(space, []);
  const tried = await Promise.all(
    Object.entries(features).map(async ([name, works]) => ((await works(space)) ? [name] : [])),
  );
  await ensureSpaceGone(space);
  return tried.flat();
}

export const lackingOf = (found: readonly string[]): string[] => required.filter((feature) => !found.includes(feature));

const succeeds = (words: readonly string[], input = '') =>
  tryRun(words, { input, timeoutMs: 10_000 }).then(
    ({ code }) => code === 0,
    () => false,
  );
