/** The nodes of a cloud, as commands on the first node see them. */
import type { Session } from '#shared/clients/session.ts';
import { openAdmin } from '../agents.ts';
import { Refusal } from '../command.ts';
import { type LocalRegistry, withRegistry } from './open-registry.ts';
import type { NodeRow, Registry } from './registry/store.ts';

/** Nodes report every 10 s. */
export const downAfterMs = 35_000;

export const isUp = ({ seenAt }: NodeRow, now = Date.now()): boolean => now - seenAt < downAfterMs;

export async function getNode(registry: Registry, name: string | undefined): Promise<NodeRow> {
  if (!name) throw new Refusal('a node is missing; wattle node list prints them');
  const node = await registry.findNode({ name });
  if (node) return node;
  const names = (await registry.listNodes()).map((each) => each.name);
  throw new Refusal(`there is no node ${name}; nodes are ${names.join(', ')}`);
}

export interface NodeWork extends LocalRegistry {
  readonly admin: Session;
}

/** Runs work with the registry, and the cloud's administrator for the APIs. */
export const withNodes = <T>(work: (nodes: NodeWork) => Promise<T>): Promise<T> =>
  withRegistry((local) => work({ ...local, admin: openAdmin(local.home, local.home.cloud.identityUrl) }));

export function durationOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** Whether a management node may be lost now: a majority of them must stay up. Of two the older one goes on alone. */
export function describeMajority(nodes: readonly NodeRow[], now = Date.now()): string {
  const management = nodes.filter(({ roles }) => roles.includes('management'));
  const up = management.filter((node) => isUp(node, now)).length;
  const spare = up - (Math.floor(management.length / 2) + 1);
  const counts = `${up} of ${management.length} management nodes up`;
  if (management.length < 3) return `${counts}: three are needed before one may be lost.`;
  if (spare < 0) return `${counts}: too few, no API answers until ${-spare} more are back.`;
  return spare > 0 ? `${counts}: any ${spare} may be lost.` : `${counts}: none may be lost now.`;
}

/** Columns as wide as their longest cell. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** `up`, `down`, and what the services say of its agents where that differs. */
export function stateOf(
  node: NodeRow,
  agents: readonly { host: string; binary: string; state: string; status: string }[],
): string {
  const own = agents.filter(({ host }) => host === node.name);
  const down = own.filter(({ state }) => state !== 'up').map(({ binary }) => `${binary} down`);
  const disabled = own.filter(({ status }) => status !== 'enabled').map(({ binary }) => `${binary} disabled`);
  const states = [isUp(node) ? 'up' : 'down', ...(node.drained ? ['drained'] : disabled), ...down];
  return states.join(', ');
}
