/** A router is a namespace with a cable into each of its networks. */
import type { RouterSpec, Segment } from '#shared/contracts/network-agent.ts';
import { announceLine, announces, cableLines, ensureCablesGone } from './cable.ts';
import { call, ipBatch, ipBatchEach, type Links, listLinks, loadNft } from './commands.ts';
import { addressLines } from './external.ts';
import { inner, type Names } from './names.ts';
import { ensureSpace, ensureSpaceGone } from './namespaces.ts';
import { routerRuleset } from './router-rules.ts';

interface Leg {
  readonly link: string;
  readonly portId: string;
  readonly mac: string;
  readonly segment: Segment;
  readonly addresses: readonly string[];
}

export const ensureRouterSpace = (names: Names, id: string): Promise<Links> =>
  ensureSpace(names.routerSpace(id), ['ipv4/ip_forward', 'ipv6/conf/all/forwarding', announces]);

/** Its namespace and its bridges are there already. Safe to ask twice; rules come before anything can pass. Gives the
 * routes that the kernel does not take; they keep nothing else from standing. */
export async function ensureRouter(
  names: Names,
  spec: RouterSpec,
  endpoints: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const space = names.routerSpace(spec.id);
  await loadNft(routerRuleset(spec, endpoints), space);
  const legs = legsOf(spec);
  const before = await listLinks(space);
  await ipBatch(unknown(legs, before), space);
  await plug(names, space, legs);
  const links = await listLinks(space);
  await ipBatch(legLines(spec, legs, links), space);
  const refused = await ensureRoutes(space, spec);
  if (spec.adminUp) await announce(space, legs, before);
  return refused;
}

export const legsOf = ({ interfaces, gateway, floatingIps }: RouterSpec): Leg[] => [
  ...interfaces.map((each) => ({ ...each, link: inner.router(each.portId) })),
  ...(gateway
    ? [
        {
          ...gateway,
          link: inner.gateway(gateway.portId),
          addresses: [...gateway.addresses, ...floatingIps.map(({ floating }) => `${floating}/32`)],
        },
      ]
    : []),
];

/** Legs that the router had and shall not have. */
const unknown = (legs: readonly Leg[], links: Links) =>
  [...links.keys()]
    .filter((link) => /^q[rg]-/.test(link) && !legs.some((leg) => leg.link === link))
    .map((link) => `link del ${link}`);

async function plug(names: Names, space: string, legs: readonly Leg[]): Promise<void> {
  const [host, within] = await Promise.all([listLinks(), listLinks(space)]);
  const cables = legs.map((leg) => ({
    ...leg,
    bridge: leg.segment.bridge,
    mtu: leg.segment.mtu,
    veth: names.veth(leg.portId),
  }));
  await ipBatch(cables.flatMap((cable) => cableLines(cable, space, host, within)));
}

const legLines = ({ adminUp }: RouterSpec, legs: readonly Leg[], links: Links): string[] =>
  legs.flatMap(({ link, addresses }) => [
    ...addressLines(link, addresses, links),
    ...(links.get(link)?.up === adminUp ? [] : [`link set ${link} ${adminUp ? 'up' : 'down'}`]),
  ]);

interface Route {
  readonly dst: string;
  readonly gateway?: string;
}

/** Routes of ours are the static ones; those of the kernel come and go with the addresses. */
async function ensureRoutes(space: string, spec: RouterSpec): Promise<string[]> {
  if (!spec.adminUp) return []; // a link that is down carries no route
  const failed: string[] = [];
  for (const family of ['-4', '-6'] as const) {
    const { stdout } = await call(['ip', '-n', space, family, '-j', 'route', 'show', 'proto', 'static']);
    const lines = routeLines(spec, family, JSON.parse(stdout || '[]') as Route[]);
    failed.push(...(await ipBatchEach(lines, space)));
  }
  return failed;
}

export function routeLines({ gateway, routes }: RouterSpec, family: '-4' | '-6', standing: readonly Route[]): string[] {
  const isOfFamily = (address: string) => address.includes(':') === (family === '-6');
  const out = gateway?.via && isOfFamily(gateway.via) ? [{ dst: 'default', gateway: gateway.via }] : [];
  const extra = routes
    .filter(({ nexthop }) => isOfFamily(nexthop))
    .map(({ destination, nexthop }) => ({ dst: plain(destination), gateway: nexthop }));
  const wanted = [...out, ...extra];
  const surplus = standing.filter(({ dst }) => !wanted.some((route) => route.dst === plain(dst)));
  const via = (route: Route) => (route === out[0] && gateway ? ` dev ${inner.gateway(gateway.portId)} onlink` : '');
  return [
    ...surplus.map(({ dst }) => `route del ${dst === 'default' ? everything[family] : dst} proto static`),
    ...wanted.map((route) => `route replace ${route.dst} via ${route.gateway}${via(route)} proto static`),
  ];
}

const everything = { '-4': '0.0.0.0/0', '-6': '::/0' };

/** As the kernel says it. */
const plain = (destination: string) =>
  /^(0\.0\.0\.0|::)\/0$/.test(destination) ? 'default' : destination.replace(/\/(32|128)$/, '');

/** Whoever knew a new address under another MAC shall forget it: the host that is the way out, and all neighbours. */
async function announce(space: string, legs: readonly Leg[], before: Links): Promise<void> {
  const fresh = ({ link, addresses }: Leg) => {
    const known = before.get(link)?.addresses.map(bareAddress) ?? [];
    return addresses.map(bareAddress).filter((address) => !known.includes(address));
  };
  const told = legs.filter((leg) => fresh(leg).some((address) => address.includes('.')));
  await ipBatch(
    told
      .filter(({ link }) => link.startsWith('qg-'))
      .flatMap((leg) => fresh(leg).map((address) => `neigh flush to ${address} dev ${leg.segment.bridge}`)),
  );
  await ipBatch(
    told.map(({ link, mac }) => announceLine(link, mac)),
    space,
  );
}

const bareAddress = (address: string) => address.split('/')[0] ?? '';

/** The metadata door of the namespace is closed already: an open socket would keep it. */
export async function ensureRouterGone(names: Names, id: string, spec: RouterSpec | undefined): Promise<void> {
  const legs = spec ? legsOf(spec) : [];
  await ensureCablesGone(legs.map(({ portId }) => names.veth(portId)));
  await ensureSpaceGone(names.routerSpace(id));
}
