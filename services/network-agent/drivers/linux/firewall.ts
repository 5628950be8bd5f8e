import { randomInt } from 'node:crypto';
import type { PortSpec, Segment } from '#shared/contracts/network-agent.ts';
import { coalesced } from '../order.ts';
import { type AllRecords, neededSegments } from '../records.ts';
import { canonicalRange } from './addresses.ts';
import { type Block, changeText, wholeText } from './blocks.ts';
import type { Underlay } from './bridge.ts';
import { countRules, type Links, listLinks, loadNft, type RuleCounts } from './commands.ts';
import type { HostEndpoint } from './host-endpoints.ts';
import { withoutRefused } from './refused-rules.ts';
import { type FirewallState, type HostBridge, type NumberedPort, rulesetOf } from './ruleset.ts';

export interface Firewall {
  /** Makes the kernel filter as the records say. Changes that come together are one load, of what differs alone. */
  load(): Promise<Links>;
  /** The same, whatever stands there. Both give the links of the host that they saw. */
  loadWhole(): Promise<Links>;
  /** False when somebody else took rules away, or added some. */
  isWhole(): Promise<boolean>;
  /** The port or group is closed here, as the kernel does not take its rules. */
  isClosed(id: string): boolean;
}

export function openFirewall(
  underlay: Underlay,
  records: AllRecords,
  hostEndpoints: readonly HostEndpoint[],
): Firewall {
  const { table } = underlay.names;
  const numberOf = numbering();
  let standing: readonly Block[] | null = null;
  let generation = randomInt(1, 2 ** 32);
  let closed: ReadonlySet<string> = new Set();
  const load = coalesced(async () => {
    const links = await listLinks();
    const ports = numberOf(records.port.list());
    const state = stateOf(underlay, records, ports, (bridge) => links.get(bridge)?.index ?? null);
    const machines = machinesOf(underlay.tunnelAddress, state.tunnels.peers, links);
    const before = standing;
    standing = null; // until it is known again: an error leaves open what stands
    const stand = async (now: FirewallState) => {
      if (before && changeText(table, before, rulesetOf(now)) !== '') generation = randomInt(1, 2 ** 32);
      const wanted = rulesetOf({ ...now, generation });
      const change = before && changeText(table, before, wanted);
      if (change === null || !(await loaded(change))) await loadNft(wholeText(table, wanted));
      standing = wanted;
    };
    const asked = { ...state, machines, hostEndpoints, generation };
    closed = new Set();
    await stand(asked).catch(async (error: unknown) => {
      const possible = await withoutRefused(asked);
      closed = possible.refused;
      if (closed.size === 0) throw error;
      await stand(possible.state);
    });
    return links;
  });
  const loadWhole = () => {
    standing = null;
    return load();
  };
  const isWhole = async () => {
    const before = standing;
    const rules = await countRules(table);
    return before === null || standing !== before || before.every((block) => isCounted(block, rules));
  };
  return { load, loadWhole, isWhole, isClosed: (id) => closed.has(id) };
}

const isCounted = ({ family, kind, name, lines }: Block, rules: RuleCounts) =>
  kind !== 'chain' || rules.get(`${family} ${name}`) === lines.length;

/** False when somebody else changed the tables meanwhile. */
async function loaded(change: string): Promise<boolean> {
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

/** The range in which this host has its address, and other hosts that stand elsewhere. On a loopback there are none. */
function machinesOf(own: string, peers: readonly string[], links: Links): string[] {
  const near = [...links.values()]
    .flatMap(({ addresses }) => addresses)
    .filter((address) => address.split('/')[0] === own && !/^(127\.|::1$)/.test(own));
  return [...new Set([...near, ...peers].map(canonicalRange))];
}

/**
 * The kernel's own number of the bridge: unlike a network's, no two bridges of a machine share one, whichever cloud made
 * them. A zone has sixteen bits, and 0 is the host's own.
 */
const zoneOf = (index: number) => (index % 65_535) + 1;

/** Gives each port a number that it keeps: a frame that is under way while rules change must not be taken for another's. */
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
