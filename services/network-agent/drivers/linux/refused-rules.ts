/**
 * Finds the ports and groups whose rules make the kernel refuse the ruleset. Those are closed, so that no earlier rule stays
 * open for them, and the rules of the others are loaded.
 */
import { tryRun } from '#shared/process/run.ts';
import { rulesetText } from './blocks.ts';
import type { FirewallState } from './firewall-state.ts';
import { rulesetOf } from './ruleset.ts';

export interface LoadableRules {
  readonly state: FirewallState;
  /** Ids of ports and groups. */
  readonly refused: ReadonlySet<string>;
}

export async function withoutRefused(state: FirewallState): Promise<LoadableRules> {
  const empty = { ...state, ports: [], groups: [] };
  const groups = await refusedOf(state.groups, (some) => isAccepted({ ...empty, groups: some }));
  const ports = await refusedOf(state.ports, (some) => isAccepted({ ...empty, ports: some }));
  const refused = new Set([...groups.map(({ id }) => id), ...ports.map(({ spec }) => spec.id)]);
  return {
    // A group without a spec is empty where a rule names it, and a tap without a port has no traffic.
    state: {
      ...state,
      groups: state.groups.filter(({ id }) => !refused.has(id)),
      ports: state.ports.filter(({ spec }) => !refused.has(spec.id)),
    },
    refused,
  };
}

/** Bisects, as few are refused. */
async function refusedOf<T>(items: readonly T[], areAccepted: (some: readonly T[]) => Promise<boolean>): Promise<T[]> {
  if (items.length === 0 || (await areAccepted(items))) return [];
  if (items.length === 1) return [...items];
  const half = Math.ceil(items.length / 2);
  return [
    ...(await refusedOf(items.slice(0, half), areAccepted)),
    ...(await refusedOf(items.slice(half), areAccepted)),
  ];
}

async function isAccepted(state: FirewallState): Promise<boolean> {
  const { table } = state.names;
  try {
    const { code } = await tryRun(['nft', '-c', '-f', '-'], { input: rulesetText(table, rulesetOf(state)) });
    return code === 0;
  } catch {
    return false; // no ruleset can be made of it
  }
}
