import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import type { NetworkJson } from '#shared/clients/network.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { isWithin } from '#shared/net/addresses.ts';
import type { NetworkInput } from './input.ts';
import type { References } from './references.ts';

/** A requested NIC, checked with the caller's token. */
export interface RequestedNic {
  readonly networkId: string;
  readonly portId: string | null;
  readonly fixedIp: string | null;
  readonly tag: string | null;
}

type NetworksInput = readonly NetworkInput[] | 'auto' | 'none' | undefined;

/** The caller, its references, and its further rights. */
export interface RequestContext {
  readonly caller: Caller;
  readonly references: References;
  /** May the caller plug into an external network? */
  readonly mayUseExternal: () => boolean;
  /** The request names security groups; default false. */
  readonly namesGroups?: boolean;
}

export async function requestedNics(context: RequestContext, networks: NetworksInput): Promise<RequestedNic[]> {
  if (networks === 'none') return [];
  if (networks === 'auto' || networks === undefined || networks.length === 0)
    return onlyNetwork(context, networks === 'auto');
  const ports = networks.flatMap(({ port }) => port ?? []);
  const duplicate = ports.find((port, at) => ports.indexOf(port) !== at);
  if (duplicate !== undefined) throw badRequest(`Port ${duplicate} is requested twice.`);
  const addresses = networks.flatMap(({ uuid, fixed_ip }) =>
    uuid && fixed_ip ? [`${fixed_ip} of network ${uuid}`] : [],
  );
  const duplicateAddress = addresses.find((address, at) => addresses.indexOf(address) !== at);
  if (duplicateAddress !== undefined) throw badRequest(`Fixed IP ${duplicateAddress} is requested twice.`);
  return Promise.all(networks.map((input) => requestedNic(context, input)));
}

const empty = { portId: null, fixedIp: null, tag: null };

/** The only network of the project, as in Nova; 409 when there are several. */
async function onlyNetwork(context: RequestContext, needsOne: boolean): Promise<RequestedNic[]> {
  const [own, shared] = await Promise.all([context.references.ownNetworks(), context.references.sharedNetworks()]);
  const inside = [...own, ...shared.filter(({ id }) => !own.some((each) => each.id === id))].filter(
    (each) => !each['router:external'] && each.subnets.length > 0,
  );
  if (inside.length > 1) throw conflict('Multiple possible networks found, use a Network ID to be more specific.');
  const [only] = inside;
  if (only) {
    checkGroups(context, only);
    return [{ ...empty, networkId: only.id }];
  }
  if (needsOne)
    throw badRequest('Unable to automatically allocate a network: the project has none. Create one, or request none.');
  return [];
}

export async function requestedNic(
  asking: RequestContext,
  { uuid, port: portId, fixed_ip: fixedIp = null, tag = null }: NetworkInput,
): Promise<RequestedNic> {
  if (portId !== undefined && portId !== null) return requestedPort(asking, portId, fixedIp, tag);
  if (uuid === undefined) throw badRequest("A network needs a 'uuid' or a 'port'.");
  const found = await asking.references.network(uuid);
  if (found.subnets.length === 0) throw badRequest(`Network ${uuid} requires a subnet in order to boot instances on.`);
  if (found['router:external'] && !found.shared && !asking.mayUseExternal())
    throw new Fault(403, 'forbidden', `It is not allowed to create an interface on external network ${uuid}`);
  checkGroups(asking, found);
  if (fixedIp !== null) await checkAddress(asking, found, fixedIp);
  return { networkId: found.id, portId: null, fixedIp, tag };
}

function checkGroups({ namesGroups = false }: RequestContext, network: NetworkJson): void {
  if (namesGroups && network.port_security_enabled === false)
    throw badRequest(
      `Network ${network.id} requires port_security_enabled and subnet associated in order to apply security groups.`,
    );
}

/** Only the owner of a network may choose an address, as the network service requires of a port's creator. */
async function checkAddress(
  { caller, references }: RequestContext,
  network: NetworkJson,
  address: string,
): Promise<void> {
  const owner = network.project_id ?? network.tenant_id;
  if (owner !== caller.projectId && !may(caller, 'context_is_admin'))
    throw new Fault(
      403,
      'forbidden',
      `A fixed IP of network ${network.id} can be chosen by its owner only: leave 'fixed_ip' out.`,
    );
  const subnets = await references.subnetsOf(network.id);
  if (!subnets.some(({ cidr }) => isWithin(address, cidr)))
    throw badRequest(`Fixed IP address ${address} is in no subnet of network ${network.id}.`);
  const [port] = await references.portsAt(network.id, address);
  if (port) throw badRequest(`Fixed IP address ${address} is already in use on instance ${port.device_id}.`);
}

/** The port must be the project's own: the owner of a network also sees ports of other projects on it. */
async function requestedPort(
  { caller, references }: RequestContext,
  id: string,
  fixedIp: string | null,
  tag: string | null,
): Promise<RequestedNic> {
  if (fixedIp !== null) throw badRequest(`Specified Fixed IP '${fixedIp}' cannot be used with port '${id}'.`);
  const port = await references.port(id);
  if ((port.project_id ?? port.tenant_id) !== caller.projectId)
    throw badRequest(`Port ${id} not usable: it belongs to another project.`);
  if (port.device_id !== '') throw conflict(`Port ${id} is still in use.`);
  if (port.fixed_ips.length === 0) throw badRequest(`Port ${id} requires a FixedIP in order to be used.`);
  return { networkId: port.network_id, portId: id, fixedIp: null, tag };
}

/** Resolves the groups; the project's own default group needs no request. */
export async function requestedGroups(
  { caller, references }: Pick<RequestContext, 'caller' | 'references'>,
  names: readonly string[],
): Promise<{ readonly ids: string[]; readonly names: string[] }> {
  const wanted = [...new Set(names)];
  if (wanted.length === 0 || (wanted.length === 1 && wanted[0] === 'default')) return { ids: [], names: ['default'] };
  const projectId = caller.projectId ?? '';
  const own = await references.groupsOf(projectId);
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
