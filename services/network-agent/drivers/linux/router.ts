/** A router is a namespace with a veth pair into each of its networks. */
import type { RouterSpec, Segment } from '#shared/contracts/network-agent.ts';
import { ipBatch, ipBatchEach, type Links, listLinks, loadNft, runProgram } from './commands.ts';
import { addressLines } from './external.ts';
import { inner, type Names } from './names.ts';
import { ensureNamespace, ensureNamespaceGone, isListed } from './namespaces.ts';
import { routerRuleset } from './router-rules.ts';
import { announceLine, arpNotify, ensureVethsGone, vethLines } from './veth.ts';

interface RouterInterface {
  readonly link: string;
  readonly portId: string;
  readonly mac: string;
  readonly segment: Segment;
  readonly addresses: readonly string[];
}

export const ensureRouterNamespace = (names: Names, id: string): Promise<Links> =>
  ensureNamespace(names.routerNamespace(id), ['ipv4/ip_forward', 'ipv6/conf/all/forwarding', arpNotify]);

/**
 * Idempotent. The namespace and the bridges must exist. Rules are loaded before traffic can pass. Returns the routes that the
 * kernel refused; everything else is applied.
 */
export async function ensureRouter(
  names: Names,
  spec: RouterSpec,
  metadataPorts: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const namespace = names.routerNamespace(spec.id);
  await loadNft(routerRuleset(spec, metadataPorts), namespace);
  const interfaces = routerInterfaces(spec);
  const before = await listLinks(namespace);
  await ipBatch(surplusLines(interfaces, before), namespace);
  await plug(names, namespace, interfaces);
  const links = await listLinks(namespace);
  await ipBatch(interfaceLines(spec, interfaces, links), namespace);
  const refused = await ensureRoutes(namespace, spec);
  if (spec.adminUp) await announce(namespace, interfaces, before);
  return refused;
}

/** The interfaces of a router, with its gateway, which has the floating IPs too. */
export const routerInterfaces = ({
  interfaces,
  gateway,
  floatingIps,
  forwardings = [],
}: RouterSpec): RouterInterface[] => [
  ...interfaces.map((each) => ({ ...each, link: inner.router(each.portId) })),
  ...(gateway
    ? [
        {
          ...gateway,
          link: inner.gateway(gateway.portId),
          addresses: [
            ...gateway.addresses,
            ...new Set([...floatingIps, ...forwardings].map(({ floating }) => `${floating}/32`)),
          ],
        },
      ]
    : []),
];

/** Lines of `ip -batch` that delete the interfaces which the spec no longer has. */
const surplusLines = (interfaces: readonly RouterInterface[], links: Links) =>
  [...links.keys()]
    .filter((link) => /^q[rg]-/.test(link) && !interfaces.some((each) => each.link === link))
    .map((link) => `link del ${link}`);

async function plug(names: Names, namespace: string, interfaces: readonly RouterInterface[]): Promise<void> {
  const [host, inside] = await Promise.all([listLinks(), listLinks(namespace)]);
  const pairs = interfaces.map((each) => ({
    ...each,
    bridge: each.segment.bridge,
    mtu: each.segment.mtu,
    veth: names.routerVeth(each.portId),
  }));
  await ipBatch(pairs.flatMap((pair) => vethLines(pair, namespace, host, inside)));
}

const interfaceLines = ({ adminUp }: RouterSpec, interfaces: readonly RouterInterface[], links: Links): string[] =>
  interfaces.flatMap(({ link, addresses }) => [
    ...addressLines(link, addresses, links),
    ...(links.get(link)?.up === adminUp ? [] : [`link set ${link} ${adminUp ? 'up' : 'down'}`]),
  ]);

interface Route {
  readonly dst: string;
  readonly gateway?: string;
}

/** Only static routes are managed; the kernel adds and removes its own with the addresses. */
async function ensureRoutes(namespace: string, spec: RouterSpec): Promise<string[]> {
  if (!spec.adminUp) return []; // a link that is down has no routes
  const failed: string[] = [];
  for (const family of ['-4', '-6'] as const) {
    const { stdout } = await runProgram(['ip', '-n', namespace, family, '-j', 'route', 'show', 'proto', 'static']);
    const lines = routeLines(spec, family, JSON.parse(stdout || '[]') as Route[]);
    failed.push(...(await ipBatchEach(lines, namespace)));
  }
  return failed;
}

export function routeLines({ gateway, routes }: RouterSpec, family: '-4' | '-6', current: readonly Route[]): string[] {
  const isOfFamily = (address: string) => address.includes(':') === (family === '-6');
  const out = gateway?.via && isOfFamily(gateway.via) ? [{ dst: 'default', gateway: gateway.via }] : [];
  const extra = routes
    .filter(({ nexthop }) => isOfFamily(nexthop))
    .map(({ destination, nexthop }) => ({ dst: plain(destination), gateway: nexthop }));
  const wanted = [...out, ...extra];
  const surplus = current.filter(({ dst }) => !wanted.some((route) => route.dst === plain(dst)));
  const via = (route: Route) => (route === out[0] && gateway ? ` dev ${inner.gateway(gateway.portId)} onlink` : '');
  return [
    ...surplus.map(({ dst }) => `route del ${dst === 'default' ? everything[family] : dst} proto static`),
    ...wanted.map((route) => `route replace ${route.dst} via ${route.gateway}${via(route)} proto static`),
  ];
}

const everything = { '-4': '0.0.0.0/0', '-6': '::/0' };

/** The destination as `ip route` prints it. */
const plain = (destination: string) =>
  /^(0\.0\.0\.0|::)\/0$/.test(destination) ? 'default' : destination.replace(/\/(32|128)$/, '');

/** Announces the interfaces that have new addresses. */
async function announce(namespace: string, interfaces: readonly RouterInterface[], before: Links): Promise<void> {
  const newAddresses = ({ link, addresses }: RouterInterface) => {
    const known = before.get(link)?.addresses.map(bareAddress) ?? [];
    return addresses.map(bareAddress).filter((address) => !known.includes(address));
  };
  await announceAddresses(
    namespace,
    interfaces.map((each) => ({ ...each, addresses: newAddresses(each) })),
  );
}

/** Announces all addresses of some interfaces, by the names of their ends on the host. */
export async function announceInterfaces(names: Names, spec: RouterSpec, links: ReadonlySet<string>): Promise<void> {
  const chosen = routerInterfaces(spec).filter(({ portId }) => links.has(names.routerVeth(portId)));
  const namespace = names.routerNamespace(spec.id);
  if (!spec.adminUp || chosen.length === 0 || !isListed(namespace)) return;
  const built = await listLinks(namespace); // an interface that is being built is announced then
  await announceAddresses(
    namespace,
    chosen.filter(({ link }) => built.get(link)?.up),
  );
}

/** Sends gratuitous ARP for addresses, and flushes them from the neighbour table of the gateway host. */
async function announceAddresses(namespace: string, interfaces: readonly RouterInterface[]): Promise<void> {
  const changed = interfaces.filter(({ addresses }) => addresses.some((address) => address.includes('.')));
  await ipBatch(
    changed
      .filter(({ link }) => link.startsWith('qg-'))
      .flatMap(({ addresses, segment }) =>
        addresses.map((address) => `neigh flush to ${bareAddress(address)} dev ${segment.bridge}`),
      ),
  );
  await ipBatch(
    changed.map(({ link, mac }) => announceLine(link, mac)),
    namespace,
  );
}

const bareAddress = (address: string) => address.split('/')[0] ?? '';

/** The metadata listeners of the namespace must be closed: an open socket keeps a namespace alive. */
export async function ensureRouterGone(names: Names, id: string, spec: RouterSpec | undefined): Promise<void> {
  const interfaces = spec ? routerInterfaces(spec) : [];
  await ensureVethsGone(interfaces.map(({ portId }) => names.routerVeth(portId)));
  await ensureNamespaceGone(names.routerNamespace(id));
}
