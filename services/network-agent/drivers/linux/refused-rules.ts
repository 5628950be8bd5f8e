/**
 * When the kernel refuses the whole ruleset, whose part of it does it refuse? That one is closed, so that nothing which
 * stood before stays open for it, and the others are as they should be.
 */
import { tryRun } from '#shared/process/run.ts';
import { wholeText } from './blocks.ts';
import { type FirewallState, rulesetOf } from './ruleset.ts';

export interface Possible {
  readonly state: FirewallState;
  /** Ids of ports and groups. */
  readonly refused: ReadonlySet<string>;
}

export async function withoutRefused(state: FirewallState): Promise<Possible> {
  const bare = { ...state, ports: [], groups: [] };
  const groups = await refusedOf(state.groups, (some) => isTaken({ ...bare, groups: some }));
  const ports = await refusedOf(state.ports, (some) => isTaken({ ...bare, ports: some }));
  const refused = new Set([...groups.map(({ id }) => id), ...ports.map(({ spec }) => spec.id)]);
  return {
    // A group that is not told of is empty where it is named, and a tap without a port carries nothing.
    state: {
      ...state,
      groups: state.groups.filter(({ id }) => !refused.has(id)),
      ports: state.ports.filter(({ spec }) => !refused.has(spec.id)),
    },
    refused,
  };
}

/** By halves: few are bad. */
async function refusedOf<T>(items: readonly T[], areTaken: (some: readonly T[]) => Promise<boolean>): Promise<T[]> {
  if (items.length === 0 || (await areTaken(items))) return [];
  if (items.length === 1) return [...items];
  const half = Math.ceil(items.length / 2);
  return [...(await refusedOf(items.slice(0, half), areTaken)), ...(await refusedOf(items.slice(half), areTaken))];
}

async function isTaken(state: FirewallState): Promise<boolean> {
  const { table } = state.names;
  try {
    const { code } = await tryRun(['nft', '-c', '-f', '-'], { input: wholeText(table, rulesetOf(state)) });
    return code === 0;
  } catch {
    return false; // what cannot even be said
  }
}
