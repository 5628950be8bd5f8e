/** The management nodes of a cloud, as the settings that the registry keeps name them: `name=address`, the oldest first. */
import { type NodeFile, readSettings } from './node-directory.ts';
import { type Peer, parsePeer, registryPort } from './registry/protocol.ts';

/** This node alone before others have joined. */
export function readPeers(path: string, { name, address }: Peer): readonly Peer[] {
  const listed = readSettings(path).cloud.cloud?.managementNodes;
  const peers = (Array.isArray(listed) ? listed : []).map(String).map(parsePeer);
  return peers.some((peer) => peer.name === name) ? peers : [...peers, { name, address }];
}

/** host:port of every registry: on a management node its own first. */
export function readRegistries(path: string, node: NodeFile): string[] {
  const known = isManagement(node) ? [node] : [];
  const addresses = [...known, ...readPeers(path, node).filter(({ name }) => name !== node.name)].map(
    ({ address }) => `${address}:${registryPort}`,
  );
  return [...new Set([...addresses, ...(isManagement(node) ? [] : [node.registry])])];
}

export const isManagement = ({ roles }: Pick<NodeFile, 'roles'>): boolean => roles.includes('management');
