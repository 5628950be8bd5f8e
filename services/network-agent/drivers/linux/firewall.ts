import { randomInt } from 'node:crypto';
import type { PortSpec, Segment } from '#shared/contracts/network-agent.ts';
import { coalesce } from '../coalesce.ts';
import { type AllRecords, neededSegments } from '../records.ts';
import { canonicalRange } from './addresses.ts';
import { type Block, changeText, rulesetText } from './blocks.ts';
import { countRules, type Links, listLinks, loadNft, type RuleCounts } from './commands.ts';
import type { FirewallState, HostBridge, NumberedPort } from './firewall-state.ts';
import type { HostEndpoint } from './host-endpoints.ts';
import { withoutRefused } from './refused-rules.ts';
import { rulesetOf } from './ruleset.ts';
import type { Underlay } from './underlay.ts';

export interface Firewall {
  /** Loads the ruleset of the records: only what differs. Concurrent calls share one load. Returns the links of the host. */
  load(): Promise<Links>;
  /** Replaces the whole ruleset. Returns the links of the host. */
  reload(): Promise<Links>;
  /** False when another program added or removed rules. */
  isComplete(): Promise<boolean>;
  /** True when the kernel refused the rules of a port or group, which therefore has no traffic. */
  isClosed(id: string): boolean;
}

export function openFirewall(
  underlay: Underlay,
  records: AllRecords,
  hostEndpoints: readonly HostEndpoint[],
): Firewall {
  const { table } = underlay.names;
  const numberOf = numbering();
  let loadedBlocks: readonly Block[] | null = null;
  let generation = randomInt(1, 2 ** 32);
  let closed: ReadonlySet<string> = new Set();
  const load = coalesce(async () => {
    const links = await listLinks();
    const ports = numberOf(records.port.list());
    const state = stateOf(underlay, records, ports, (bridge) => links.get(bridge)?.index ?? null);
    const machines = protectedRangesOf(underlay.tunnelAddress, state.tunnels.peers, links);
    const before = loadedBlocks;
    loadedBlocks = null; // unknown after an error
    const apply = async (now: FirewallState) => {
      if (before && changeText(table, before, rulesetOf(now)) !== '') generation = randomInt(1, 2 ** 32);
      const wanted = rulesetOf({ ...now, generation });
      const change = before && changeText(table, before, wanted);
      if (change === null || !(await tryLoad(change))) await loadNft(rulesetText(table, wanted));
      loadedBlocks = wanted;
    };
    const requested = { ...state, machines, hostEndpoints, generation };
    closed = new Set();
    await apply(requested).catch(async (error: unknown) => {
      const possible = await withoutRefused(requested);
      closed = possible.refused;
      if (closed.size === 0) throw error;
      await apply(possible.state);
    });
    return links;
  });
  const reload = () => {
    loadedBlocks = null;
    return load();
  };
  const isComplete = async () => {
    const before = loadedBlocks;
    const rules = await countRules(table);
    return before === null || loadedBlocks !== before || before.every((block) => isCounted(block, rules));
  };
  return { load, reload, isComplete, isClosed: (id) => closed.has(id) };
}

const isCounted = ({ family, kind, name, lines }: Block, rules: RuleCounts) =>
  kind !== 'chain' || rules.get(`${family} ${name}`) === lines.length;

/** False when the change does not apply, because another program changed the tables. */
async function tryLoad(change: string): Promise<boolean> {
  if (change === '') return true;
  return loadNft(change).then(
    () => true,
    () => false,
  );
}

function stateOf(
  { names, vxlanPort }: Underlay,
  records: AllRecords,
  ports: readonly NumberedPort[],
  indexOf: (bridge: string) => number | null,
): Omit<FirewallState, 'hostEndpoints' | 'machines' | 'generation'> {
  const externals = records.external.list();
  const open = new Set(
    externals.filter(({ hostAddress }) => hostAddress !== null).map(({ segment }) => segment.bridge),
  );
  const segments = [...neededSegments(records).values()];
  const bridges = segments.flatMap(({ bridge }): HostBridge[] => {
    const index = indexOf(bridge);
    if (open.has(bridge)) return [{ bridge, zone: null }];
    return index === null ? [] : [{ bridge, zone: zoneOf(index) }];
  });
  return {
    names,
    ports,
    groups: records.group.list(),
    bridges,
    masqueraded: externals.filter(({ masquerade }) => masquerade).map(({ segment }) => segment.bridge),
    tunnels: { port: vxlanPort, peers: peersOf(segments) },
  };
}

const peersOf = (segments: readonly Segment[]) => [
  ...new Set(segments.filter(({ type }) => type === 'vxlan').flatMap(({ peers }) => peers)),
];

/** The ranges of this host's own address and the addresses of other hosts. Empty when the host's address is on loopback. */
function protectedRangesOf(own: string, peers: readonly string[], links: Links): string[] {
  const near = [...links.values()]
    .flatMap(({ addresses }) => addresses)
    .filter((address) => address.split('/')[0] === own && !/^(127\.|::1$)/.test(own));
  return [...new Set([...near, ...peers].map(canonicalRange))];
}

/**
 * The zone is the interface index of the bridge, which is unique on the host even among several clouds. A zone has 16
 * bits, and zone 0 is the host's own.
 */
const zoneOf = (index: number) => (index % 65_535) + 1;

/** Gives each port a stable number, so that a mark set before a change of rules does not name another port after it. */
function numbering(): (ports: readonly PortSpec[]) => NumberedPort[] {
  const numbers = new Map<string, number>();
  return (ports) => {
    const present = new Set(ports.map(({ id }) => id));
    for (const id of numbers.keys()) if (!present.has(id)) numbers.delete(id);
    const taken = new Set(numbers.values());
    let next = 1;
    return ports.map((spec) => {
      while (taken.has(next)) next += 1;
      const number = numbers.get(spec.id) ?? next;
      numbers.set(spec.id, number);
      taken.add(number);
      return { number, spec };
    });
  };
}
