/** What `wattle init` and `wattle join` would do on this host, and why. Changes nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { Refusal } from '../command.ts';
import { missingOf, type Package, packagesFor } from '../setup/packages.js';
import { isFree } from '../split/ports.ts';
import { type NodeRoleName, partsOfRoles } from './node-roles.ts';
import { type Disk, type NodeSpec, registryPort } from './registry/protocol.ts';
import { nodeName } from './registry/requests.ts';
import { objectListen } from './registry/settings-of.ts';
import { defaultNic, diskOf, listAddresses, listNics, ownName } from './this-host.ts';

export interface Wanted {
  readonly name: string | undefined;
  readonly roles: readonly NodeRoleName[];
  readonly address: string | undefined;
  readonly storageAddress: string | undefined;
  readonly tunnelAddress: string | undefined;
  readonly externalNic: string | undefined;
  readonly disk: string | undefined;
  /** Whether this is the first node, with database and bus. */
  readonly isFirst: boolean;
}

export interface Line {
  readonly what: string;
  readonly value: string;
  readonly why: string;
}

export interface Plan {
  readonly node: Omit<NodeSpec, 'hostId'>;
  readonly lines: readonly Line[];
  readonly packages: readonly Package[];
  /** Each with what would help: the host cannot have this role as it is. */
  readonly problems: readonly string[];
  readonly disk: Disk;
}

interface Choice {
  readonly value: string;
  readonly why: string;
}

const minFreeGb = { management: 2, compute: 5, network: 1, volume: 5, object: 2, storage: 5 } as const;
const minMemoryMb = { management: 1_024, compute: 512, network: 256, volume: 256, object: 256, storage: 256 } as const;

/** `path` is the directory of the cloud, which need not exist. Throws Refusal for a value that cannot be used. */
export async function planNode(wanted: Wanted, path: string): Promise<Plan> {
  const { roles } = wanted;
  const name = chooseName(wanted.name);
  const address = chooseAddress(wanted.address);
  const storage = chooseFollowing('--storage-address', wanted.storageAddress, address);
  const tunnel = chooseFollowing('--tunnel-address', wanted.tunnelAddress, address);
  const external = chooseExternal(wanted.externalNic);
  const disk = diskOf(wanted.disk ?? path);
  const has = (...some: NodeRoleName[]) => some.some((role) => roles.includes(role));
  const node = {
    name: name.value,
    roles,
    address: address.value,
    storageAddress: storage.value,
    tunnelAddress: tunnel.value,
    externalNic: external.value,
    devices: has('object') ? ['d1'] : [],
  };
  const parts = partsOfRoles(roles);
  const packages = missingOf(packagesFor(parts, has('management')));
  const lines: Line[] = [
    { what: 'name', ...name },
    {
      what: 'roles',
      value: roles.join(', '),
      why: `runs ${parts.join(', ')}${has('management') ? ', MariaDB, RabbitMQ' : ''}`,
    },
    { what: 'address', ...address },
    ...(has('volume', 'object') ? [{ what: 'storage', ...storage }] : []),
    ...(has('compute', 'network')
      ? [
          { what: 'tunnels', ...tunnel },
          { what: 'external NIC', ...external },
        ]
      : []),
    {
      what: 'disk',
      value: disk.path,
      why: `${disk.freeGb} of ${disk.totalGb} GB free${wanted.disk ? ', as given' : ''}`,
    },
    ...(node.devices.length > 0
      ? [{ what: 'ring', value: `${objectListen(node)}/d1`, why: 'one device; its zone is this node' }]
      : []),
    ...(has('compute') ? [{ what: 'guests', ...kvm() }] : []),
    {
      what: 'packages',
      value: packages.map((each) => each.name).join(' ') || 'none',
      why: packages.length > 0 ? 'missing; installed from Debian, their services are not started' : 'all are installed',
    },
  ];
  return { node, lines, packages, problems: await problemsOf(wanted, node, disk), disk };
}

function chooseName(given: string | undefined): Choice {
  const value = given ?? ownName();
  if (!nodeName.test(value))
    throw new Refusal(`${value} is no name of a node: use --name with a-z, 0-9 and -, at most 63`);
  return { value, why: given ? 'as given' : 'the hostname' };
}

/** The address that other nodes reach this host at. */
function chooseAddress(given: string | undefined): Choice {
  if (given !== undefined) return { value: ownAddress('--address', given), why: `as given, on ${nicOf(given)}` };
  const nics = listNics().filter(({ addresses }) => addresses.length > 0);
  const route = defaultNic();
  const nic = nics.find(({ name }) => name === route) ?? (nics.length === 1 ? nics[0] : undefined);
  const [value] = nic?.addresses ?? [];
  if (nic && value)
    return {
      value,
      why:
        nic.name === route
          ? `on ${nic.name}, which has the default route`
          : `on ${nic.name}, the only NIC with an address`,
    };
  const found = nics.map(({ name, addresses }) => `${name} (${addresses.join(', ')})`).join(', ');
  throw new Refusal(`which address do other nodes reach this host at? Give --address; NICs are ${found || 'none'}`);
}

const chooseFollowing = (option: string, given: string | undefined, address: Choice): Choice =>
  given === undefined
    ? { value: address.value, why: `the address of the node; ${option} sets another` }
    : { value: ownAddress(option, given), why: `as given, on ${nicOf(given)}` };

function chooseExternal(given: string | undefined): Choice {
  if (given === undefined)
    return { value: '', why: 'none: this host is no way to the external network; --external sets one' };
  if (!existsSync(`/sys/class/net/${given}`)) throw new Refusal(`there is no NIC ${given} for --external`);
  return { value: given, why: 'as given; becomes a port of the bridge of the external network' };
}

function ownAddress(option: string, given: string): string {
  if (isIP(given) === 0) throw new Refusal(`${option}: ${given} is no IP address`);
  if (!listAddresses().includes(given))
    throw new Refusal(`${option}: this host does not have the address ${given}; it has ${listAddresses().join(', ')}`);
  return given;
}

const nicOf = (address: string): string =>
  listNics().find(({ addresses }) => addresses.includes(address))?.name ?? 'loopback';

const kvm = (): Choice =>
  existsSync('/dev/kvm')
    ? { value: 'KVM', why: '/dev/kvm exists; checked with a probe guest at start' }
    : { value: 'emulation', why: 'no /dev/kvm: slow' };

async function problemsOf({ roles }: Wanted, node: Omit<NodeSpec, 'hostId'>, disk: Disk): Promise<string[]> {
  const agents = roles.some((role) => role !== 'management');
  const needGb = Math.max(...roles.map((role) => minFreeGb[role]));
  const needMb = Math.max(...roles.map((role) => minMemoryMb[role]));
  const memoryMb = Math.round(Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) / 1024);
  const external = listNics().find(({ name }) => name === node.externalNic)?.addresses ?? [];
  const busy = roles.includes('management') ? await listBusyPorts(node.address) : [];
  return [
    ...(disk.freeGb < needGb
      ? [`${disk.path} has ${disk.freeGb} GB free; ${roles.join(', ')} needs ${needGb}: free some, or give --disk`]
      : []),
    ...(memoryMb < needMb ? [`${memoryMb} MB of memory are free; ${needMb} are needed`] : []),
    ...(agents && process.getuid?.() !== 0 ? ['agents need root: run this as root'] : []),
    ...(external.length > 0
      ? [
          `the NIC ${node.externalNic} for --external has the address ${external.join(', ')}, which ends when it is bridged: give the host another NIC for it, or remove it (ip addr flush dev ${node.externalNic})`,
        ]
      : []),
    ...busy.map((port) => `${node.address}:${port} is in use by another process`),
  ];
}

async function listBusyPorts(address: string): Promise<number[]> {
  const ports = [registryPort, 3306, 4567, 4444, 4568, 5671, 5000, 8774, 8776, 9292, 9696, 8778, 8080, 8090];
  const free = await Promise.all(ports.map((port) => isFree(address, port)));
  return ports.filter((_, at) => !free[at]);
}

export function formatPlan({ lines, problems }: Plan): string {
  const rows = lines.map(({ what, value, why }) => `  ${what.padEnd(14)} ${value.padEnd(34)} ${why}`);
  return `${[...rows, ...problems.map((problem) => `! ${problem}`)].join('\n')}\n`;
}
