/** The roles that a node can have, as `wattle init` and `wattle join` name them. */
import { Refusal } from '../command.ts';
import { parts as allParts, isAgent, type Part } from '../roles.ts';

export interface NodeRole {
  readonly parts: readonly Part[];
  readonly meaning: string;
}

const controllers = allParts.filter((part) => !isAgent(part));

export const nodeRoles = {
  management: {
    parts: controllers,
    meaning: 'APIs and their workflows, the database and the bus; three of them survive the loss of one',
  },
  compute: { parts: ['compute-agent', 'network-agent'], meaning: 'servers' },
  network: { parts: ['network-agent'], meaning: 'routers and the way to the external network' },
  volume: { parts: ['volume-agent'], meaning: 'volumes on its disk' },
  object: { parts: ['object-agent'], meaning: 'objects on its disks' },
  storage: { parts: ['volume-agent', 'object-agent'], meaning: 'volume and object' },
} as const satisfies Readonly<Record<string, NodeRole>>;

export type NodeRoleName = keyof typeof nodeRoles;
const names = Object.keys(nodeRoles) as NodeRoleName[];

/** Throws Refusal for an unknown role. `storage` is replaced by what it stands for. */
export function parseRoles(given: readonly string[]): NodeRoleName[] {
  const unknown = given.find((role) => !names.some((name) => name === role));
  if (given.length === 0 || unknown !== undefined)
    throw new Refusal(
      `${unknown === undefined ? '--role is missing' : `${unknown} is no role of a node`}; roles are ${names.join(', ')}`,
    );
  const expanded = given.flatMap((role) => (role === 'storage' ? ['volume', 'object'] : [role]));
  return names.filter((name) => expanded.includes(name));
}

/** The parts of some roles, each once, in the order of their start. */
export const partsOfRoles = (roles: readonly NodeRoleName[]): Part[] =>
  allParts.filter((part) => roles.some((role) => nodeRoles[role].parts.some((each) => each === part)));

/** One process for the services, which need no root, and one for the agents. */
export function processesOf({ roles }: { readonly roles: readonly NodeRoleName[] }): string[] {
  const agents = partsOfRoles(roles).filter(isAgent);
  return [...(roles.includes('management') ? ['controller'] : []), ...(agents.length > 0 ? [agents.join('+')] : [])];
}
