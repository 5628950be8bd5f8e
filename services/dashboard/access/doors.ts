/** What can be opened on a machine, in the words of people, and whether rules of security groups let everybody in. */

export interface Door {
  readonly protocol: 'tcp' | 'icmp';
  /** Null for a protocol without ports. */
  readonly port: number | null;
}

export const doors = {
  ssh: { protocol: 'tcp', port: 22 },
  http: { protocol: 'tcp', port: 80 },
  https: { protocol: 'tcp', port: 443 },
  rdp: { protocol: 'tcp', port: 3389 },
  ping: { protocol: 'icmp', port: null },
} as const satisfies Record<string, Door>;

export type DoorName = keyof typeof doors;
export const doorNames = Object.keys(doors) as readonly DoorName[];

/** A rule of Neutron. */
export interface RuleBody {
  readonly direction: string;
  readonly ethertype: string;
  readonly protocol: string | null;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  readonly remote_ip_prefix: string | null;
  readonly remote_group_id: string | null;
  readonly remote_address_group_id?: string | null;
}

/** Whether the rule lets everybody in, over IPv4. */
export function isOpenedBy({ protocol, port }: Door, rule: RuleBody): boolean {
  const isForAll =
    rule.direction === 'ingress' &&
    rule.ethertype === 'IPv4' &&
    rule.remote_group_id === null &&
    !rule.remote_address_group_id &&
    (rule.remote_ip_prefix === null || rule.remote_ip_prefix === '0.0.0.0/0');
  if (!isForAll || (rule.protocol !== null && rule.protocol !== protocol)) return false;
  if (port === null) return rule.port_range_min === null;
  return (rule.port_range_min ?? 1) <= port && port <= (rule.port_range_max ?? 65_535);
}

export const ruleOf = ({ protocol, port }: Door): object => ({
  ...{ direction: 'ingress', ethertype: 'IPv4', protocol },
  ...(port === null ? {} : { port_range_min: port, port_range_max: port }),
});
