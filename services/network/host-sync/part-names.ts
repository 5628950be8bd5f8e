/** The parts of specs that hosts refuse, as clients know them. */
import type { FirewallRule } from '#shared/contracts/network-agent.ts';
import { own } from '#shared/input/own.ts';

type Item = Readonly<Record<string, unknown>>;

const names: Readonly<Record<string, (item: Item) => string>> = {
  routes: ({ destination, nexthop }) => `route ${destination} via ${nexthop}`,
  forwardings: ({ floating, protocol, outside }) => `${protocol} port forwarding ${floating} ${outside}`,
  floatingIps: ({ floating }) => `floating IP ${floating}`,
  allowedPairs: ({ address }) => `allowed address pair ${address}`,
  fixedIps: ({ address }) => `fixed IP ${address}`,
  rules: (rule) => ruleName(rule as unknown as FirewallRule),
};

function ruleName({ direction, family, protocol, portMin, portMax, cidr }: FirewallRule): string {
  const ports = portMin === null && portMax === null ? '' : ` ${portMin}-${portMax}`;
  return `rule ${direction} IPv${family} ${protocol ?? 'any'}${ports} ${cidr ?? ''}`.trim();
}

/** `routes[0]` of a spec is `route 10.9.0.0/16 via 10.7.0.9`, and so is the command for it. Nothing of the host is in it. */
export function partName(spec: object, part: string): string {
  const [, destination, nexthop] = part.match(/\broute \w+ (\S+) via (\S+)/) ?? [];
  if (destination) return `route ${destination} via ${nexthop}`;
  const [, field = '', at = ''] = part.match(/^(\w+)\[(\d+)\]$/) ?? [];
  const items: unknown = Reflect.get(spec, field);
  const item: unknown = Array.isArray(items) ? items[Number(at)] : undefined;
  if (item === null || typeof item !== 'object') return part;
  return own(names, field)?.(item as Item) ?? field;
}
