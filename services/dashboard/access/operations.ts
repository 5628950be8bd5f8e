/** Who reaches a machine: a security group of the project per door, and a floating IP. */
import { conflict, notFound } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import type { Session } from '../sessions/operations.ts';
import { type DoorName, doorNames, doors, isOpenedBy, type RuleBody, ruleOf } from './doors.ts';

interface PortBody {
  readonly id: string;
  readonly security_groups: readonly string[];
}

interface GroupBody {
  readonly id: string;
  readonly name: string;
  readonly security_group_rules: readonly RuleBody[];
}

interface FloatingIpBody {
  readonly id: string;
  readonly floating_ip_address: string;
}

export interface Access {
  readonly public_address: string | null;
  readonly doors: readonly { readonly name: DoorName; readonly open: boolean }[];
}

const list = async <T>(session: Session, kind: string, query: Record<string, string>): Promise<readonly T[]> => {
  const path = `/v2.0/${kind.replaceAll('_', '-')}?${new URLSearchParams(query)}`;
  return (await session.json<Record<string, T[]>>('network', path))[kind.replaceAll('-', '_')] ?? [];
};

async function portsOf(session: Session, machineId: string): Promise<readonly PortBody[]> {
  const ports = await list<PortBody>(session, 'ports', { device_id: machineId });
  if (ports.length === 0) throw conflict('The machine is in no network.');
  return ports;
}

export async function showAccess(session: Session, machineId: string): Promise<Access> {
  const ports = await portsOf(session, machineId);
  const ids = new Set(ports.flatMap((port) => port.security_groups));
  const groups = await list<GroupBody>(session, 'security_groups', {});
  const rules = groups.filter(({ id }) => ids.has(id)).flatMap((group) => group.security_group_rules);
  const [address] = await floatingIpsOf(session, ports);
  return {
    public_address: address?.floating_ip_address ?? null,
    doors: doorNames.map((name) => ({ name, open: rules.some((rule) => isOpenedBy(doors[name], rule)) })),
  };
}

const groupName = (name: DoorName): string => `open: ${name}`;

const findGroup = async (session: Session, name: DoorName): Promise<GroupBody | undefined> =>
  (await list<GroupBody>(session, 'security_groups', { name: groupName(name), project_id: session.projectId }))[0];

async function createGroup(session: Session, name: DoorName): Promise<GroupBody> {
  const post = <T>(path: string, body: object) => session.json<T>('network', `/v2.0/${path}`, { method: 'POST', body });
  const { security_group: group } = await post<{ security_group: GroupBody }>('security-groups', {
    security_group: { name: groupName(name), description: 'Lets everybody in; of the page for people.' },
  });
  const rule = { security_group_id: group.id, ...ruleOf(doors[name]) };
  await post('security-group-rules', { security_group_rule: rule });
  return group;
}

const setGroups = (session: Session, { id }: PortBody, groups: readonly string[]): Promise<void> =>
  session.json('network', `/v2.0/ports/${id}`, { method: 'PUT', body: { port: { security_groups: groups } } });

function requireDoor(name: string): asserts name is DoorName {
  if (own(doors, name) === undefined) throw notFound('Door', name);
}

export async function openDoor(session: Session, machineId: string, name: string): Promise<Access> {
  requireDoor(name);
  const ports = await portsOf(session, machineId);
  const group = (await findGroup(session, name)) ?? (await createGroup(session, name));
  for (const port of ports)
    if (!port.security_groups.includes(group.id)) await setGroups(session, port, [...port.security_groups, group.id]);
  return showAccess(session, machineId);
}

/** Throws 409 when another group, which an engineer made, keeps it open. */
export async function closeDoor(session: Session, machineId: string, name: string): Promise<Access> {
  requireDoor(name);
  const group = await findGroup(session, name);
  for (const port of await portsOf(session, machineId)) {
    const others = port.security_groups.filter((id) => id !== group?.id);
    if (others.length < port.security_groups.length) await setGroups(session, port, others);
  }
  const access = await showAccess(session, machineId);
  if (access.doors.some((door) => door.name === name && door.open))
    throw conflict('Another security group of the machine keeps it open: an engineer can change that.');
  return access;
}

const floatingIpsOf = async (session: Session, ports: readonly PortBody[]): Promise<readonly FloatingIpBody[]> =>
  (await Promise.all(ports.map(({ id }) => list<FloatingIpBody>(session, 'floatingips', { port_id: id })))).flat();

/** Of the first external network, for the first port. */
export async function givePublicAddress(session: Session, machineId: string): Promise<Access> {
  const ports = await portsOf(session, machineId);
  const [network] = await list<{ id: string }>(session, 'networks', { 'router:external': 'true' });
  if (!network) throw conflict('This cloud has no network to the outside: ask an administrator for one.');
  if ((await floatingIpsOf(session, ports)).length > 0) return showAccess(session, machineId);
  const body = { floatingip: { floating_network_id: network.id, port_id: ports[0]?.id } };
  await session.json('network', '/v2.0/floatingips', { method: 'POST', body });
  return showAccess(session, machineId);
}

export async function removePublicAddress(session: Session, machineId: string): Promise<Access> {
  for (const { id } of await floatingIpsOf(session, await portsOf(session, machineId)))
    await session.json('network', `/v2.0/floatingips/${id}`, { method: 'DELETE' });
  return showAccess(session, machineId);
}
