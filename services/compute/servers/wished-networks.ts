import type { Who } from '#shared/auth/who.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import type { NetworkJson } from '../drivers/neighbours.ts';
import type { NetworkWish } from './wish.ts';

/** One NIC to be, checked with the caller's own eyes. */
export interface WishedNic {
  readonly networkId: string;
  readonly portId: string | null;
  readonly fixedIp: string | null;
  readonly tag: string | null;
}

type Asked = readonly NetworkWish[] | 'auto' | 'none' | undefined;

/** May the caller plug into an external network? */
type MayOutside = () => boolean;

export async function wishedNics(
  compute: Compute,
  who: Who,
  asked: Asked,
  mayOutside: MayOutside,
): Promise<WishedNic[]> {
  if (asked === 'none') return [];
  if (asked === 'auto' || asked === undefined || asked.length === 0) return onlyNetwork(compute, who, asked === 'auto');
  const ports = asked.flatMap(({ port }) => port ?? []);
  const twice = ports.find((port, at) => ports.indexOf(port) !== at);
  if (twice !== undefined) throw badRequest(`Port ${twice} is asked for twice.`);
  return Promise.all(asked.map((wish) => wishedNic(compute, who, wish, mayOutside)));
}

const plain = { portId: null, fixedIp: null, tag: null };

/** Nova plugs into the one network a project has, and asks when there are more. */
async function onlyNetwork({ network }: Compute, who: Who, needsOne: boolean): Promise<WishedNic[]> {
  const [own, shared] = await Promise.all([
    network.listNetworks({ project_id: who.projectId ?? '' }, who.token),
    network.listNetworks({ shared: 'true' }, who.token),
  ]);
  const inside = [...own, ...shared.filter(({ id }) => !own.some((each) => each.id === id))].filter(
    (each) => !each['router:external'] && each.subnets.length > 0,
  );
  if (inside.length > 1) throw conflict('Multiple possible networks found, use a Network ID to be more specific.');
  const [only] = inside;
  if (only) return [{ ...plain, networkId: only.id }];
  if (needsOne)
    throw badRequest('Unable to automatically allocate a network: the project has none. Create one, or ask for none.');
  return [];
}

export async function wishedNic(
  compute: Compute,
  who: Who,
  { uuid, port: portId, fixed_ip: fixedIp = null, tag = null }: NetworkWish,
  mayOutside: MayOutside,
): Promise<WishedNic> {
  if (portId !== undefined) return wishedPort(compute, who, portId, fixedIp, tag);
  if (uuid === undefined) throw badRequest("A network needs a 'uuid' or a 'port'.");
  const found = await findNetwork(compute, who, uuid);
  if (found.subnets.length === 0) throw badRequest(`Network ${uuid} requires a subnet in order to boot instances on.`);
  if (found['router:external'] && !found.shared && !mayOutside())
    throw new Fault(403, 'forbidden', `It is not allowed to create an interface on external network ${uuid}`);
  return { networkId: found.id, portId: null, fixedIp, tag };
}

async function findNetwork({ network }: Compute, who: Who, id: string): Promise<NetworkJson> {
  return network.showNetwork(id, who.token).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw badRequest(`Network ${id} could not be found.`);
    throw error;
  });
}

async function wishedPort(
  { network }: Compute,
  who: Who,
  id: string,
  fixedIp: string | null,
  tag: string | null,
): Promise<WishedNic> {
  if (fixedIp !== null) throw badRequest(`Specified Fixed IP '${fixedIp}' cannot be used with port '${id}'.`);
  const port = await network.showPort(id, who.token).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw badRequest(`Port id ${id} could not be found.`);
    throw error;
  });
  if (port.device_id !== '') throw conflict(`Port ${id} is still in use.`);
  if (port.fixed_ips.length === 0) throw badRequest(`Port ${id} requires a FixedIP in order to be used.`);
  return { networkId: port.network_id, portId: id, fixedIp: null, tag };
}

/** Ids of the groups; the caller's project's own default needs no look. */
export async function wishedGroups(
  { network }: Compute,
  who: Who,
  names: readonly string[],
): Promise<{ readonly ids: string[]; readonly names: string[] }> {
  const wanted = [...new Set(names)];
  if (wanted.length === 0 || (wanted.length === 1 && wanted[0] === 'default')) return { ids: [], names: ['default'] };
  const projectId = who.projectId ?? '';
  const own = await network.listGroups({ project_id: projectId }, who.token);
  const found = wanted.map((name) => {
    const byId = own.find(({ id }) => id === name);
    const byName = own.filter((each) => each.name === name);
    if (byId) return byId;
    if (byName.length > 1)
      throw conflict(`Multiple security groups found matching '${name}'. Use an ID to be more specific.`);
    const [only] = byName;
    if (!only) throw badRequest(`Security group ${name} not found for project ${projectId}.`);
    return only;
  });
  return { ids: found.map(({ id }) => id), names: found.map(({ name }) => name) };
}
