/** Nova's API of floating IPs and their pools until 2.35. Calls the network service with the caller's token. */
import type { NetworkJson } from '#shared/clients/network.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { accepted, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';

export interface FloatingIp {
  readonly id: string;
  readonly floating_ip_address: string;
  readonly fixed_ip_address: string | null;
  readonly floating_network_id: string;
  readonly port_id: string | null;
}

const externalNetworks = ({ network }: Compute, token: string) =>
  network.listNetworks({ 'router:external': 'true' }, token);

async function viewsOf(compute: Compute, token: string, found: readonly FloatingIp[]) {
  const { network } = compute;
  const pools = new Map((await externalNetworks(compute, token)).map(({ id, name }) => [id, name]));
  const portIds = found.flatMap(({ port_id }) => port_id ?? []);
  const ports = portIds.length === 0 ? [] : await network.listPorts({ id: portIds }, token);
  const servers = new Map(ports.map(({ id, device_id }) => [id, device_id]));
  return found.map(({ id, floating_ip_address: ip, fixed_ip_address, floating_network_id, port_id }) => ({
    id,
    ip,
    fixed_ip: fixed_ip_address,
    pool: pools.get(floating_network_id) ?? null,
    instance_id: servers.get(port_id ?? '') || null,
  }));
}

const listPools: Handler<Compute> = async (compute, { caller }) =>
  ok({ floating_ip_pools: (await externalNetworks(compute, caller.token)).map(({ name }) => ({ name })) });

const listFloatingIps: Handler<Compute> = async (compute, { caller }) => {
  const query = `floatingips?project_id=${encodeURIComponent(caller.projectId ?? '')}`;
  const { floatingips } = await compute.network.forward<{ floatingips: FloatingIp[] }>(query, { token: caller.token });
  return ok({ floating_ips: await viewsOf(compute, caller.token, floatingips) });
};

const missing = (id: string) => (error: unknown) => {
  if (error instanceof Fault && error.status === 404)
    throw new Fault(404, 'notFound', `Floating IP not found for ID ${id}`);
  throw error;
};

const showFloatingIp: Handler<Compute, unknown, 'id'> = async (compute, { caller, params }) => {
  const { token } = caller;
  const path = `floatingips/${encodeURIComponent(params.id)}`;
  const { floatingip } = await compute.network
    .forward<{ floatingip: FloatingIp }>(path, { token })
    .catch(missing(params.id));
  const [floating_ip] = await viewsOf(compute, token, [floatingip]);
  return ok({ floating_ip });
};

const createFloatingIp: Handler<Compute, { readonly pool?: string | null } | null> = async (
  compute,
  { caller, body },
) => {
  const { token } = caller;
  const pool = poolOf(await externalNetworks(compute, token), body?.pool);
  const request = { method: 'POST', body: { floatingip: { floating_network_id: pool.id } }, token } as const;
  const { floatingip } = await compute.network.forward<{ floatingip: FloatingIp }>('floatingips', request);
  const [floating_ip] = await viewsOf(compute, token, [floatingip]);
  return ok({ floating_ip });
};

function poolOf(pools: readonly NetworkJson[], wanted: string | null = null): NetworkJson {
  const found = wanted === null ? pools[0] : pools.find(({ id, name }) => id === wanted || name === wanted);
  if (!found) throw new Fault(404, 'notFound', `Floating IP pool ${wanted ?? ''} not found.`);
  return found;
}

const deleteFloatingIp: Handler<Compute, unknown, 'id'> = async ({ network }, { caller, params }) => {
  const path = `floatingips/${encodeURIComponent(params.id)}`;
  await network.forward(path, { method: 'DELETE', token: caller.token }).catch(missing(params.id));
  return accepted();
};

/** By its address. */
export async function findFloatingIp({ network }: Compute, token: string, address: string): Promise<FloatingIp> {
  const query = `floatingips?floating_ip_address=${encodeURIComponent(address)}`;
  const { floatingips } = await network
    .forward<{ floatingips: FloatingIp[] }>(query, { token })
    .catch((error: unknown) => {
      if (error instanceof Fault && error.status === 400) throw badRequest(error.message);
      throw error;
    });
  const [found] = floatingips;
  if (!found) throw new Fault(404, 'notFound', 'floating IP not found');
  return found;
}

/** To a port, or to none. What the network service finds in conflict is a bad request in Nova. */
export const associateFloatingIp = async (
  { network }: Pick<Compute, 'network'>,
  token: string,
  id: string,
  to: { readonly port_id: string | null; readonly fixed_ip_address?: string },
): Promise<void> => {
  await network
    .forward(`floatingips/${id}`, { method: 'PUT', body: { floatingip: to }, token })
    .catch((error: unknown) => {
      if (error instanceof Fault && error.status === 409) throw badRequest(error.message);
      throw error;
    });
};

const until = '2.35';
const path = '/v2.1/os-floating-ips';
const rule = 'os_compute_api:os-floating-ips';

export const floatingIpRoutes: Route<Compute>[] = [
  {
    method: 'get',
    path: '/v2.1/os-floating-ip-pools',
    handler: listPools,
    rule: 'os_compute_api:os-floating-ip-pools',
    until,
  },
  { method: 'get', path, handler: listFloatingIps, rule: `${rule}:list`, until },
  { method: 'post', path, handler: createFloatingIp, rule: `${rule}:create`, until },
  { method: 'get', path: `${path}/:id`, handler: showFloatingIp, rule: `${rule}:show`, until },
  { method: 'delete', path: `${path}/:id`, handler: deleteFloatingIp, rule: `${rule}:delete`, until },
];
