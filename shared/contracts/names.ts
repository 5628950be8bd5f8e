/** Names in the host's kernel, at most 15 characters, which the network service gives and both agents on a host use. */

/** `cloudId` is four letters or digits, made with the cloud's var/: several clouds share a machine. */
export const tapName = (cloudId: string, portId: string): string => `t${cloudId}${bare(portId)}`;
export const bridgeName = (cloudId: string, networkId: string): string => `b${cloudId}${bare(networkId)}`;

const bare = (id: string) => id.replaceAll('-', '').slice(0, 10);
