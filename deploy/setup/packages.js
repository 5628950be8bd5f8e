/** The Debian packages that Wattle needs. `has` is a command or a file that shows that the package is installed. */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const arm = process.arch === 'arm64';
const triplet = arm ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

const guests = arm
  ? [{ name: 'qemu-system-arm', has: 'qemu-system-aarch64', why: 'guests' }]
  : [{ name: 'qemu-system-x86', has: 'qemu-system-x86_64', why: 'guests' }];

/** What `npm start` needs. `unit` is a service of the package that is disabled after installation. */
export const toStart = [
  ...guests,
  { name: 'qemu-utils', has: 'qemu-img', why: 'disks of guests, image formats' },
  {
    name: 'qemu-block-extra',
    has: `/usr/lib/${triplet}/qemu/block-iscsi.so`,
    why: 'volumes inside guests, over iSCSI',
  },
  { name: 'genisoimage', has: 'genisoimage', why: 'config drives' },
  { name: 'iproute2', has: 'ip', why: 'bridges, taps, namespaces' },
  { name: 'nftables', has: 'nft', why: 'security groups, routers, floating addresses' },
  { name: 'netbase', has: '/etc/protocols', why: 'names of protocols, for nft' },
  { name: 'dnsmasq-base', has: 'dnsmasq', why: 'addresses for guests' },
  { name: 'tgt', has: 'tgtd', why: 'volumes from files, over iSCSI', unit: 'tgt.service' },
  { name: 'python3-venv', has: 'python', why: 'the stock openstack client' },
];

/** What every management node needs in addition. */
const toLead = [
  { name: 'galera-4', has: '/usr/lib/galera/libgalera_smm.so', why: 'the database on several management nodes' },
  { name: 'mariadb-backup', has: 'mariabackup', why: 'the first copy of the database for a management node' },
  { name: 'socat', has: 'socat', why: 'the same, over TLS' },
  { name: 'haproxy', has: 'haproxy', why: 'TLS at the address of the cloud', unit: 'haproxy.service' },
  { name: 'iputils-arping', has: 'arping', why: 'telling neighbours where the address of the cloud is' },
];

const certificates = { name: 'openssl', has: 'openssl', why: 'certificates of the nodes of a cloud' };

/** By part of a node; services need none. */
const byPart = {
  'compute-agent': ['qemu-system-x86', 'qemu-system-arm', 'qemu-utils', 'qemu-block-extra', 'genisoimage', 'iproute2'],
  'network-agent': ['iproute2', 'nftables', 'netbase', 'dnsmasq-base'],
  'volume-agent': ['tgt', 'qemu-utils'],
  image: ['qemu-utils'],
};

/** What a node with these parts needs; a management node has the database, the bus and the stock client too. */
export function packagesFor(parts, isManagement) {
  const names = parts.flatMap((part) => byPart[part] ?? []);
  const own = toStart.filter(({ name }) => names.includes(name) || (isManagement && name === 'python3-venv'));
  return [certificates, ...own, ...(isManagement ? [...toSplit, ...toLead] : [])];
}

/** What `npx wattle guest-image` needs in addition. */
export const toBuildGuestImage = [
  { name: 'qemu-utils', has: 'qemu-img', why: 'the qcow2 file' },
  { name: 'syslinux', has: 'syslinux', why: 'the boot loader' },
  { name: 'syslinux-common', has: '/usr/lib/syslinux/mbr/mbr.bin', why: 'the first sector' },
  { name: 'mtools', has: 'mcopy', why: 'the boot partition, without mounting it' },
  { name: 'dosfstools', has: 'mkfs.fat', why: 'the boot partition' },
  { name: 'e2fsprogs', has: 'mke2fs', why: 'the root partition' },
  { name: 'fdisk', has: 'sfdisk', why: 'the partition table' },
  { name: 'kmod', has: 'depmod', why: 'the kernel modules' },
  { name: 'cpio', has: 'cpio', why: 'the initial root' },
  { name: 'binutils', has: 'objdump', why: 'which libraries a program needs' },
];

/** What `npm start -- --split` needs in addition, for private instances; the system's own are not used. */
export const toSplit = [
  { name: 'mariadb-server', has: 'mariadbd', why: 'the database of the split layout', unit: 'mariadb.service' },
  {
    name: 'rabbitmq-server',
    has: '/usr/lib/rabbitmq/bin/rabbitmq-server',
    why: 'the message bus of the split layout',
    unit: 'rabbitmq-server.service',
  },
];

/** What `npm test` needs in addition. */
export const toTest = [
  { name: 'chromium', has: 'chromium', why: 'the console page in a browser' },
  {
    name: 'python3-keystonemiddleware',
    has: '/usr/lib/python3/dist-packages/keystonemiddleware',
    why: 'token validation as other OpenStack services do it',
  },
  {
    name: 'python3-openstackclient',
    has: '/usr/lib/python3/dist-packages/openstackclient',
    why: 'the openstack client of Debian 12',
  },
  { name: 'slapd', has: 'slapd', why: 'an LDAP server', unit: 'slapd.service' },
  { name: 'strace', has: 'strace', why: 'the files that qemu-img opens for an image' },
  { name: 'openssl', has: 'openssl', why: 'certificates of the LDAP server' },
  { name: 'openssh-client', has: 'ssh', why: 'logging in to guests' },
  { name: 'iputils-ping', has: 'ping', why: 'reaching guests' },
  { name: 'busybox', has: 'busybox', why: 'namespaces that act as guests' },
  { name: 'mmdebstrap', has: 'mmdebstrap', why: 'the root disk of the storage host of npm run test:storage' },
];

/** What `npm run test:ceph` needs in addition. */
export const toRunCeph = [
  { name: 'ceph-mon', has: 'ceph-mon', why: 'a Ceph cluster', unit: 'ceph-mon.target' },
  { name: 'ceph-mgr', has: 'ceph-mgr', why: 'a Ceph cluster', unit: 'ceph-mgr.target' },
  { name: 'ceph-osd', has: 'ceph-osd', why: 'a Ceph cluster', unit: 'ceph-osd.target' },
  { name: 'ceph-common', has: 'rbd', why: 'the commands of driver rbd' },
];

/** Half of these commands are in directories that Debian puts into root's PATH only. */
export const searchPath = [
  ...new Set([...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin']),
];

export const missingOf = (wanted) => wanted.filter(({ has }) => !present(has));

function present(has) {
  if (has === 'python') return canMakeEnvironments();
  return has.startsWith('/') ? existsSync(has) : searchPath.some((folder) => executable(join(folder, has)));
}

/** Debian's python3 lacks ensurepip, which virtual environments need. */
const canMakeEnvironments = () =>
  existsSync('/etc/debian_version')
    ? readdirSync('/usr/lib').some((name) => existsSync(`/usr/lib/${name}/ensurepip/__main__.py`))
    : searchPath.some((folder) => executable(join(folder, 'python3')));

function executable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
