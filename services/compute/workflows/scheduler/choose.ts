/** Ranks hosts, with an explanation for each. Pure: randomness is a parameter. */
import { own } from '#shared/input/own.ts';
import type { Explanation, Verdict } from '../../scheduling-decisions/store.ts';
import { type Candidate, filters, type Requirements, units } from './filters.ts';

/** The free share of a resource, from 0 to 1; more is better. */
const weighers: Readonly<Record<string, (host: Candidate) => number>> = {
  ram: ({ rooms }) => freeShare(rooms.MEMORY_MB),
  cpu: ({ rooms }) => freeShare(rooms.VCPU),
  disk: ({ rooms }) => freeShare(rooms.DISK_GB),
};

const freeShare = (room: { capacity: number; used: number } | undefined): number =>
  room && room.capacity > 0 ? Math.max(0, (room.capacity - room.used) / room.capacity) : 0;

/** Soft policies prefer a host, and outweigh what is free there. */
const softWeight = ({ group }: Requirements, { members }: Candidate): Record<string, number> => {
  if (group?.policy === 'soft-affinity') return { 'soft-affinity': members };
  return group?.policy === 'soft-anti-affinity' ? { 'soft-anti-affinity': -members } : {};
};

export function choose(
  wanted: Requirements,
  hosts: readonly Candidate[],
  random: () => number = Math.random,
): Explanation {
  const judged = hosts.map((host) => ({ host, verdicts: verdictsOf(wanted, host) }));
  const candidates = judged.map(({ host, verdicts }) => {
    if (verdicts.some(({ passed }) => !passed)) return { host: host.name, verdicts, weights: {}, weight: null };
    const free = Object.entries(weighers).map(([name, weigh]) => [name, rounded(weigh(host))] as const);
    const soft = Object.entries(softWeight(wanted, host)).map(([name, weight]) => [name, 4 * weight] as const);
    const weights = Object.fromEntries([...free, ...soft]);
    const weight = rounded(Object.values(weights).reduce((sum, each) => sum + each, 0));
    return { host: host.name, verdicts, weights, weight };
  });
  const ranked = candidates
    .filter((each) => each.weight !== null)
    .map(({ host, weight }) => ({ host, weight: weight ?? 0, tieBreaker: random() }))
    .sort((a, b) => b.weight - a.weight || a.tieBreaker - b.tieBreaker)
    .map(({ host }) => host);
  return { asked: wanted.resources, candidates, ranked, chosen: ranked[0] ?? null };
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

const verdictsOf = (wanted: Requirements, host: Candidate): Verdict[] =>
  Object.entries(filters).flatMap(([filter, judge]) => {
    const verdict = judge(wanted, host);
    return verdict ? [{ filter, ...verdict }] : [];
  });

const maxHosts = 10;

const first = 'No valid host was found.';

/** Why hosts were rejected, without host names: for the owner of the server. */
const reasons: Readonly<Record<string, string>> = {
  requestedHost: 'not the one asked for',
  otherHost: 'the one that the server leaves',
  up: 'down',
  enabled: 'disabled',
  zone: 'in another availability zone',
  arch: 'of another architecture than the image',
  differentHost: 'with a server to avoid',
  sameHost: 'without the servers to be with',
  affinity: 'without the servers of the group',
  antiAffinity: 'with too many servers of the group',
  nearHost: 'not near the address asked for',
  query: 'not meeting the query',
  aggregates: 'in no aggregate that the flavor asks for',
  capabilities: 'without what the flavor asks for',
  room: 'without enough room',
};

/** The message of the fault: the request, and how many hosts failed which filter. */
export function noValidHost({ asked, candidates }: Explanation): string {
  if (candidates.length === 0) return `${first} There is no compute host.`;
  const failed = candidates.map(({ verdicts }) => verdicts.find(({ passed }) => !passed)?.filter ?? 'room');
  const counts = [...Map.groupBy(failed, (filter) => filter)].map(
    ([filter, { length }]) => `${length} ${own(reasons, filter)}`,
  );
  const resources = Object.entries(asked).map(([name, amount]) => `${amount} ${own(units, name) ?? name}`);
  return `${first} Asked for: ${resources.join(', ')}. Hosts: ${counts.join(', ')}.`;
}

/** For administrators: which host failed which filter, with the numbers. */
export function describeHosts({ candidates }: Explanation, fallback = ''): string {
  if (candidates.length === 0) return `${first} There is no compute host.`;
  const hosts = candidates.slice(0, maxHosts).map(({ host, verdicts }) => {
    const failed = verdicts.filter(({ passed }) => !passed).map(({ says }) => says);
    return `Host ${host}: ${failed.length > 0 ? failed.join('; ') : fallback || 'its capacity was taken meanwhile'}.`;
  });
  const more = candidates.length > maxHosts ? ` And ${candidates.length - maxHosts} more hosts.` : '';
  return `${first} ${hosts.join(' ')}${more}`;
}
