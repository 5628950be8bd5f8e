/** The metadata of a guest: files of the config drive, and of the metadata API. */
import type { FileContent } from '#shared/contracts/compute-agent.ts';
import { netmask } from '#shared/net/addresses.ts';
import type { Attachment } from '../attachments/store.ts';
import type { Interface, PortCopy, SubnetCopy } from '../interfaces/store.ts';
import type { Server } from '../servers/store.ts';

export type Files = Readonly<Record<string, FileContent>>;
type Texts = Readonly<Record<string, string>>;

/** The bytes as received: a script, or a binary archive. */
export const userDataOf = ({ userData }: Pick<Server, 'userData'>): FileContent | undefined =>
  userData === null ? undefined : { base64: userData.replace(/\s/g, '') };

/** The newest version; older ones only have fewer keys. */
function metaData(
  server: Server,
  interfaces: readonly Interface[],
  attachments: readonly Attachment[],
  adminPass?: string,
): Record<string, unknown> {
  const { id, hostname, name, launchIndex, zone, projectId, keyName, keyData, metadata } = server;
  return {
    uuid: id,
    hostname,
    name,
    launch_index: launchIndex,
    availability_zone: zone ?? 'nova',
    project_id: projectId,
    ...(Object.keys(metadata).length > 0 ? { meta: metadata } : {}),
    ...(keyName !== null && keyData !== null
      ? { public_keys: { [keyName]: keyData }, keys: [{ name: keyName, type: 'ssh', data: keyData }] }
      : {}),
    ...(adminPass === undefined ? {} : { admin_pass: adminPass }),
    devices: [...interfaces.flatMap(taggedNic), ...attachments.flatMap(taggedDisk)],
    dedicated_cpus: [],
  };
}

const taggedNic = ({ tag, port }: Interface) =>
  tag !== null && port !== null ? [{ type: 'nic', bus: 'pci', mac: port.mac, tags: [tag] }] : [];
const taggedDisk = ({ tag, volumeId }: Attachment) =>
  tag !== null && volumeId !== null ? [{ type: 'disk', bus: 'pci', serial: volumeId, tags: [tag] }] : [];

function networkData(interfaces: readonly Interface[]) {
  const plugged = interfaces.flatMap((nic) =>
    nic.port !== null && nic.portId !== null && nic.state !== 'detaching'
      ? [{ ...nic, portId: nic.portId, port: nic.port }]
      : [],
  );
  return {
    links: plugged.map(({ portId, port }) => ({
      id: port.tap,
      vif_id: portId,
      type: 'bridge',
      mtu: port.mtu,
      ethernet_mac_address: port.mac,
    })),
    networks: plugged.flatMap(({ networkId, port }, nic) =>
      port.fixedIps.map((ip, at) => networkOf(networkId, port, ip, `network${nic}${at === 0 ? '' : `-${at}`}`)),
    ),
    services: [...new Set(plugged.flatMap(({ port }) => port.subnets.flatMap(({ dns }) => dns)))].map((address) => ({
      type: 'dns',
      address,
    })),
  };
}

type FixedIp = PortCopy['fixedIps'][number];

function networkOf(networkId: string, port: PortCopy, { address, subnetId }: FixedIp, id: string) {
  const subnet = port.subnets.find((each) => each.id === subnetId);
  const version = subnet?.version ?? (address.includes(':') ? 6 : 4);
  const link = { id, link: port.tap, network_id: networkId };
  if (!subnet || subnet.dhcp) return { ...link, type: version === 6 ? 'ipv6_dhcp' : 'ipv4_dhcp' };
  return {
    ...link,
    type: `ipv${version}`,
    ip_address: address,
    netmask: maskOf(subnet.cidr, subnet.version),
    routes: routesOf(subnet),
    services: subnet.dns.map((dns) => ({ type: 'dns', address: dns })),
  };
}

const maskOf = (cidr: string, version: 4 | 6): string => netmask(Number(cidr.split('/')[1]), version);

function routesOf({ gateway, routes, version }: SubnetCopy) {
  const any = version === 6 ? { network: '::', netmask: '::' } : { network: '0.0.0.0', netmask: '0.0.0.0' };
  const subnetRoutes = routes.map(({ destination, nexthop }) => ({
    network: destination.split('/')[0] ?? '',
    netmask: maskOf(destination, version),
    gateway: nexthop,
  }));
  return gateway === null ? subnetRoutes : [{ ...any, gateway }, ...subnetRoutes];
}

/** The files below `openstack/latest`, by name. */
export function openstackFiles(
  server: Server,
  interfaces: readonly Interface[],
  attachments: readonly Attachment[],
  adminPass?: string,
): Files {
  const userData = userDataOf(server);
  return {
    'meta_data.json': JSON.stringify(metaData(server, interfaces, attachments, adminPass)),
    'network_data.json': JSON.stringify(networkData(interfaces)),
    'vendor_data.json': '{}',
    'vendor_data2.json': '{}',
    ...(userData === undefined ? {} : { user_data: userData }),
  };
}

/** The tree below `latest/meta-data`: path to text. */
export function ec2Files(server: Server): Texts {
  const addresses = Object.values(server.addresses).flat();
  const fixed = addresses.find(({ type, version }) => type === 'fixed' && version === 4)?.addr ?? '';
  const floating = addresses.find(({ type }) => type === 'floating')?.addr ?? '';
  const number = `i-${server.sequence.toString(16).padStart(8, '0')}`;
  return {
    'ami-id': `ami-${server.image?.id ?? '00000000'}`,
    'ami-launch-index': String(server.launchIndex),
    'block-device-mapping/ami': 'vda',
    'block-device-mapping/root': server.rootDevice ?? '/dev/vda',
    hostname: server.hostname,
    'instance-action': 'none',
    'instance-id': number,
    'instance-type': server.flavor.name,
    'local-hostname': server.hostname,
    'local-ipv4': fixed,
    'placement/availability-zone': server.zone ?? 'nova',
    'public-hostname': server.hostname,
    'public-ipv4': floating,
    ...(server.keyName !== null && server.keyData !== null ? { 'public-keys/0/openssh-key': server.keyData } : {}),
    'reservation-id': server.reservationId,
    'security-groups': server.groups.join('\n'),
  };
}

export function configDriveOf(
  server: Server,
  interfaces: readonly Interface[],
  attachments: readonly Attachment[],
  adminPass?: string,
): Files {
  const files = openstackFiles(server, interfaces, attachments, adminPass);
  const userData = userDataOf(server);
  return {
    ...Object.fromEntries(Object.entries(files).map(([name, content]) => [`openstack/latest/${name}`, content])),
    'ec2/latest/meta-data.json': JSON.stringify(ec2Tree(ec2Files(server))),
    ...(userData === undefined ? {} : { 'ec2/latest/user-data': userData }),
  };
}

/** Turns paths into nested objects. */
function ec2Tree(files: Texts): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [path, text] of Object.entries(files)) {
    const keys = path.split('/');
    let at = tree;
    for (const key of keys.slice(0, -1)) {
      at[key] ??= {};
      at = at[key] as Record<string, unknown>;
    }
    at[keys.at(-1) ?? ''] = text;
  }
  return tree;
}
