/** The endpoints of the host that guests and routers may reach; every other port is closed on all addresses of the host. */
import { isIP } from 'node:net';

export interface HostEndpoint {
  readonly address: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** Parses `8774` (at the address of the cloud), `10.0.0.1:8774`, `[fd00::1]:8774` or `10.0.0.1:53/udp`; throws otherwise. */
export function parseHostEndpoint(endpoint: string, cloudAddress: string): HostEndpoint {
  const [text = '', protocol = 'tcp', ...rest] = endpoint.split('/');
  const [, bracketed, plain, port = text] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? cloudAddress;
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  const known = protocol === 'tcp' || protocol === 'udp';
  const reachable = isIP(address) !== 0 && !address.includes('%') && number >= 1 && number <= 65_535;
  if (!known || !reachable || rest.length > 0)
    throw new Error(
      `network-agent.hostEndpoints: '${endpoint}' is neither port nor address:port; examples: 8774, 10.0.0.1:53/udp`,
    );
  return { address, protocol, port: number };
}

/** DNS endpoints of the upstream name servers, since one of them may be the host itself. */
export const nameServerEndpoints = (upstream: readonly string[]): HostEndpoint[] =>
  upstream
    .filter((server) => isIP(server) !== 0 && !server.includes('%'))
    .flatMap((address) => (['tcp', 'udp'] as const).map((protocol) => ({ address, protocol, port: 53 })));
