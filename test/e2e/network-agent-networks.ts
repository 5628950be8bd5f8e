/** Networks with guests, for tests. */
import type { TestContext } from 'node:test';
import type { PortSpec, RouterSpec } from '../../shared/contracts/network-agent.ts';
import { type Host, type HostOptions, openHost, type Work } from './network-agent-host.ts';
import { dhcpOf, groupOf, idOf, routerOf } from './network-agent-specs.ts';

/** A port and its guest, with a statically configured address. */
export async function plugged(host: Host, port: PortSpec) {
  await host.driver.ensurePort(port);
  const guest = await host.guest(port);
  const address = port.fixedIps[0]?.address ?? '';
  await guest.address(`${address}/24`);
  await guest.route('default', 'via', address.replace(/\.\d+$/, '.1'));
  return guest;
}

/** blue 10.7.0.0/24 with `web`, red 10.8.0.0/24 with `db`, a router between them and the external network. */
export async function twoNetworks(t: TestContext, options: HostOptions = {}) {
  const host = await openHost(t, options);
  const [blue, red, outside] = [
    host.segment(1),
    host.segment(2),
    host.segment(3, { type: 'flat', physical: 'public', mtu: 1500 }),
  ];
  await host.driver.ensureExternal({
    id: `${outside.networkId}/external`,
    segment: outside,
    hostAddress: `${host.external}.1/24`,
    masquerade: true,
  });
  await host.driver.ensureGroup(groupOf(1, [{}]));
  const router: RouterSpec = {
    ...routerOf(1, [
      { segment: blue, prefix: '10.7.0' },
      { segment: red, prefix: '10.8.0' },
    ]),
    gateway: gatewayOf(host, outside),
  };
  await host.driver.ensureRouter(router);
  const web = await plugged(host, host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] }));
  const db = await plugged(host, host.port(2, red, '10.8.0.21', { groupIds: [idOf(6, 1)] }));
  return { host, router, web, db, blue, red };
}

type Gateway = NonNullable<RouterSpec['gateway']>;

/** A gateway with SNAT and the address .10 of the external range. */
const gatewayOf = ({ external }: Host, segment: Gateway['segment']): Gateway => ({
  portId: idOf(7, 1),
  mac: 'fa:16:3e:00:07:01',
  segment,
  addresses: [`${external}.10/24`],
  via: `${external}.1`,
  snat: true,
});

/** The specs of a small cloud on a host, and their removal. */
export function wholeLife(host: Host, { floating = true } = {}) {
  const [blue, outside] = [host.segment(1), host.segment(3, { type: 'flat', physical: 'public', mtu: 1500 })];
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  const dhcp = dhcpOf(blue, '10.7.0', 1, [port]);
  const external = {
    id: `${outside.networkId}/external`,
    segment: outside,
    hostAddress: `${host.external}.1/24`,
    masquerade: true,
  };
  const router: RouterSpec = {
    ...routerOf(1, [{ segment: blue, prefix: '10.7.0' }]),
    gateway: gatewayOf(host, outside),
    floatingIps: floating ? [{ id: 'f', floating: `${host.external}.100`, fixed: '10.7.0.11' }] : [],
  };
  const group = groupOf(1, [{}]);
  const up: Work[] = [
    ['ensureExternal', external],
    ['ensureGroup', group],
    ['ensurePort', port],
    ['ensureDhcp', dhcp],
    ['ensureRouter', router],
  ];
  const down: Work[] = [
    ['ensureRouterGone', router],
    ['ensurePortGone', port],
    ['ensureDhcpGone', dhcp],
    ['ensureGroupGone', group],
    ['ensureExternalGone', external],
  ];
  return { port, up, down };
}
