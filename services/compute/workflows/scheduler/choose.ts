/** From hosts to the best first, with an explanation of each. No clock, no database, no luck but what it is given. */
import type { Explanation, Verdict } from '../../choices/store.ts';
import { type Candidate, filters, type Wanted } from './filters.ts';

/** How free a host is afterwards, from 0 to 1; the more the better. */
const weighers: Readonly<Record<string, (host: Candidate) => number>> = {
  ram: ({ rooms }) => freeShare(rooms.MEMORY_MB),
  cpu: ({ rooms }) => freeShare(rooms.VCPU),
  disk: ({ rooms }) => freeShare(rooms.DISK_GB),
};

const freeShare = (room: { capacity: number; used: number } | undefined): number =>
  room && room.capacity > 0 ? Math.max(0, (room.capacity - room.used) / room.capacity) : 0;

export function choose(wanted: Wanted, hosts: readonly Candidate[], luck: () => number = Math.random): Explanation {
  const judged = hosts.map((host) => ({ host, verdicts: verdictsOf(wanted, host) }));
  const candidates = judged.map(({ host, verdicts }) => {
    if (verdicts.some(({ passed }) => !passed)) return { host: host.name, verdicts, weights: {}, weight: null };
    const weights = Object.fromEntries(Object.entries(weighers).map(([name, weigh]) => [name, rounded(weigh(host))]));
    const weight = rounded(Object.values(weights).reduce((sum, each) => sum + each, 0));
    return { host: host.name, verdicts, weights, weight };
  });
  const ranked = candidates
    .filter((each) => each.weight !== null)
    .map(({ host, weight }) => ({ host, weight: weight ?? 0, lot: luck() }))
    .sort((a, b) => b.weight - a.weight || a.lot - b.lot)
    .map(({ host }) => host);
  return { asked: wanted.resources, candidates, ranked, chosen: ranked[0] ?? null };
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

const verdictsOf = (wanted: Wanted, host: Candidate): Verdict[] =>
  Object.entries(filters).flatMap(([filter, judge]) => {
    const said = judge(wanted, host);
    return said ? [{ filter, ...said }] : [];
  });

const mostHosts = 10;

/** The fault text: which host failed which test, and by how much. */
export function noValidHost({ candidates }: Explanation, beside = ''): string {
  const first = 'No valid host was found.';
  if (candidates.length === 0) return `${first} There is no compute host.`;
  const told = candidates.slice(0, mostHosts).map(({ host, verdicts }) => {
    const failed = verdicts.filter(({ passed }) => !passed).map(({ says }) => says);
    return `Host ${host}: ${failed.length > 0 ? failed.join('; ') : beside || 'its room was taken meanwhile'}.`;
  });
  const more = candidates.length > mostHosts ? ` And ${candidates.length - mostHosts} more hosts.` : '';
  return `${first} ${told.join(' ')}${more}`;
}
