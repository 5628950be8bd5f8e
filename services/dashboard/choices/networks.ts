/** The network of a new machine. A project without one gets one, so that nobody has to know what a subnet is. */
import type { Dashboard } from '../context.ts';
import type { Session } from '../sessions/operations.ts';

export interface NetworkBody {
  readonly id: string;
  readonly name: string;
  readonly project_id: string;
  readonly subnets: readonly string[];
  readonly 'router:external': boolean;
}

/** Networks with a subnet: the project's own first, then shared ones. External ones are for public addresses. */
export async function listNetworks(session: Session): Promise<NetworkBody[]> {
  const fields = ['id', 'name', 'project_id', 'subnets', 'router:external'].map((each) => `fields=${each}`).join('&');
  const { networks } = await session.json<{ networks: NetworkBody[] }>('network', `/v2.0/networks?${fields}`);
  const isOwn = ({ project_id }: NetworkBody) => project_id === session.projectId;
  return networks
    .filter((each) => each.subnets.length > 0 && !each['router:external'])
    .toSorted((a, b) => Number(isOwn(b)) - Number(isOwn(a)) || a.name.localeCompare(b.name));
}

/** The one of the setting where the project sees it, otherwise the first. Undefined when there is none. */
export const defaultNetwork = ({ config }: Dashboard, networks: readonly NetworkBody[]): NetworkBody | undefined =>
  networks.find(({ name }) => name === config.network) ?? networks[0];

export async function ensureNetwork(dashboard: Dashboard, session: Session): Promise<string> {
  return (defaultNetwork(dashboard, await listNetworks(session)) ?? (await createNetwork(dashboard, session))).id;
}

/** A network of the project, with a router to the outside where the cloud has one external network. */
async function createNetwork({ config }: Dashboard, session: Session): Promise<{ readonly id: string }> {
  const post = async <T>(kind: string, body: object) =>
    (await session.json<Record<string, T>>('network', `/v2.0/${kind}s`, { method: 'POST', body: { [kind]: body } }))[
      kind
    ] as T;
  const { networks } = await session.json<{ networks: { id: string }[] }>(
    'network',
    '/v2.0/networks?router:external=true',
  );
  const network = await post<{ id: string }>('network', { name: config.network || 'network' });
  const subnet = await post<{ id: string }>('subnet', {
    ...{ name: config.network || 'network', network_id: network.id, ip_version: 4, cidr: config.networkCidr },
    ...(config.nameservers.length > 0 ? { dns_nameservers: config.nameservers } : {}),
  });
  const [outside, ...more] = networks;
  if (!outside || more.length > 0) return network;
  const gateway = { external_gateway_info: { network_id: outside.id } };
  const router = await post<{ id: string }>('router', { name: 'router', ...gateway });
  const body = { subnet_id: subnet.id };
  await session.json('network', `/v2.0/routers/${router.id}/add_router_interface`, { method: 'PUT', body });
  return network;
}
