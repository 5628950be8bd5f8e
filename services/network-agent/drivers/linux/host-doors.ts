/** What of the host itself is open to guests and routers. Everything else is closed, on all of its addresses. */
import { isIP } from 'node:net';

export interface HostDoor {
  readonly address: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/**
 * `8774` is at the address of the cloud; `10.0.0.1:8774`, `[fd00::1]:8774` and `10.0.0.1:53/udp` say it all. Throws for
 * anything else.
 */
export function hostDoorOf(endpoint: string, cloudAddress: string): HostDoor {
  const [text = '', protocol = 'tcp', ...rest] = endpoint.split('/');
  const [, bracketed, plain, port = text] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? cloudAddress;
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  const known = protocol === 'tcp' || protocol === 'udp';
  const reachable = isIP(address) !== 0 && !address.includes('%') && number >= 1 && number <= 65_535;
  if (!known || !reachable || rest.length > 0)
    throw new Error(`network-agent.hostDoors: '${endpoint}' is no port or address:port, as 8774 or 10.0.0.1:53/udp`);
  return { address, protocol, port: number };
}

/** The name servers that the host gives its networks may be the host itself. */
export const nameServerDoors = (upstream: readonly string[]): HostDoor[] =>
  upstream
    .filter((server) => isIP(server) !== 0 && !server.includes('%'))
    .flatMap((address) => (['tcp', 'udp'] as const).map((protocol) => ({ address, protocol, port: 53 })));
