/** Names of network interfaces, at most 15 characters, which both agents of a host use. */

/** `cloudId` is the setting `id` of the cloud, since several clouds may share a machine. */
export const tapName = (cloudId: string, portId: string): string => `t${cloudId}${bare(portId)}`;
export const bridgeName = (cloudId: string, networkId: string): string => `b${cloudId}${bare(networkId)}`;

const bare = (id: string) => id.replaceAll('-', '').slice(0, 10);
