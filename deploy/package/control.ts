/** The control files of the Debian package. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { place, write } from './layout.ts';

/** What of a commit goes into the version, so that apt sees which is newer. */
export interface Release {
  readonly version: string;
  readonly architecture: string;
  /** Seconds since 1970. */
  readonly committedAt: number;
}

/**
 * None of these starts a service when it is installed. MariaDB, RabbitMQ and tgt would, on ports that a cloud uses: `wattle
 * start`, `init` and `join` install them without starting them.
 */
const control = ({ version, architecture }: Release, sizeKb: number) => `Package: wattle
Version: ${version}
Architecture: ${architecture}
Maintainer: Wattle <wattle@localhost.localdomain>
Installed-Size: ${sizeKb}
Depends: adduser, iproute2, libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 9), netbase, openssl, procps
Recommends: dnsmasq-base, genisoimage, nftables, qemu-block-extra, ${architecture === 'arm64' ? 'qemu-system-arm' : 'qemu-system-x86'}, qemu-utils
Suggests: logrotate, mariadb-server, python3-openstackclient, rabbitmq-server, tgt
Section: admin
Priority: optional
Homepage: https://wattle.invalid
Description: OpenStack-compatible private cloud for a handful of small boxes
 Wattle runs servers, disks, networks, images and objects behind the APIs of
 OpenStack: Keystone, Nova, Neutron, Cinder, Glance, Placement and Swift. One
 process is a whole cloud on one machine; the same code, split by role, is a
 rack of management, compute and storage hosts.
 .
 The package has its own Node.js. Nothing is started when it is installed.
`;

const conffiles = ['/etc/wattle/wattle.yaml', '/etc/default/wattle', '/etc/logrotate.d/wattle'];

const changelog = ({ version, committedAt }: Release) => `wattle (${version}) unstable; urgency=medium

  * Built from commit ${version.split('.').at(-1)}.

 -- Wattle <wattle@localhost.localdomain>  ${new Date(committedAt * 1000).toUTCString().replace('GMT', '+0000')}
`;

export function writeControlFiles(sources: string, tree: string, release: Release): void {
  write(join(tree, 'usr/share/doc/wattle/changelog.gz'), gzipSync(changelog(release), { level: 9 }));
  const files = filesBelow(tree);
  const sums = files.map((file) => `${digestOf(file)}  ${relative(tree, file)}\n`);
  const bytes = files.reduce((sum, file) => sum + lstatSync(file).size, 0);
  const folder = join(tree, 'DEBIAN');
  write(join(folder, 'control'), control(release, Math.ceil(bytes / 1024)));
  write(join(folder, 'conffiles'), conffiles.map((file) => `${file}\n`).join(''));
  write(join(folder, 'md5sums'), sums.join(''));
  for (const name of ['postinst', 'prerm', 'postrm'])
    place(join(sources, 'deploy/package/debian', name), join(folder, name), 0o755);
}

const digestOf = (file: string): string => createHash('md5').update(readFileSync(file)).digest('hex');

/** Regular files, sorted. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() ? [path] : [];
    });
}
