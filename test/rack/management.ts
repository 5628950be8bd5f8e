/** Three management nodes on simulated hosts, and a client that writes while they fail. */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { root } from '../../deploy/setup/paths.js';
import { eventually, startCloud } from './cloud.ts';
import { type LabHost, ok, openLab } from './lab.ts';

const virtual = '10.88.0.100';

export interface Write {
  readonly at: number;
  readonly status: number;
  readonly name: string;
}

/** Makes networks at the address of the cloud until `end`, which returns each request with its status. */
export function startWriter(host: LabHost, first: LabHost, prefix: string) {
  const password = readFileSync(join(first.path, 'secrets/admin'), 'utf8').trim();
  const [command = '', ...args] = host.argv([
    process.execPath,
    join(root, 'test/rack/writer.ts'),
    virtual,
    password,
    prefix,
  ]);
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(first.path, 'tls/ca.crt') };
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const writes: Write[] = [];
  let rest = '';
  child.stdout.on('data', (data: Buffer) => {
    const lines = `${rest}${data}`.split('\n');
    rest = lines.pop() ?? '';
    for (const [at, , status, name = ''] of lines.map((line) => line.split(' ')))
      writes.push({ at: Number(at), status: Number(status), name });
  });
  const succeededSince = (time: number) => writes.some(({ at, status }) => status === 201 && at > time);
  const until = (what: string, time: number) => eventually(what, async () => succeededSince(time), 60_000);
  const end = async () => {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await exited;
    return writes;
  };
  return { until, end };
}

/** The longest time without an acknowledged write. */
export function longestGap(writes: readonly Write[]): number {
  const done = writes.filter(({ status }) => status === 201).map(({ at }) => at);
  return Math.max(...done.slice(1).map((at, index) => at - (done[index] ?? at)));
}

export async function startThree(t: TestContext) {
  const names = ['mgmt1', 'mgmt2', 'mgmt3', 'client'];
  const lab = await openLab(
    t,
    names.map((name) => ({ name, networks: ['mgmt'] })),
  );
  const [mgmt1, mgmt2, mgmt3, client] = names.map(lab.host) as [LabHost, LabHost, LabHost, LabHost];
  const images = join(lab.folder, 'images');
  mkdirSync(images);
  chmodSync(images, 0o777);
  const joining = [mgmt2, mgmt3].map((host) => ({ host, role: 'management' }));
  const options = ['--virtual-address', virtual];
  const { openstack } = await startCloud(lab, mgmt1, joining, `image: { directory: ${images} }\n`, options);
  await openstack('quota', 'set', '--networks', '-1', 'admin');
  return { lab, client, hosts: [mgmt1, mgmt2, mgmt3] };
}

export async function sql(host: LabHost, statement: string): Promise<string> {
  const password = readFileSync(join(host.path, 'secrets/database-administrator'), 'utf8').trim();
  const login = ['--no-defaults', '-u', 'wattle_administrator', `-p${password}`];
  const socket = join(host.path, 'mariadb/socket');
  return ok(await host.run(['mariadb', ...login, '-S', socket, '-NBe', statement])).trim();
}

/** Repeats a command until it succeeds; returns what it prints. */
export async function eventuallyOk(command: () => ReturnType<LabHost['run']>): Promise<string> {
  let printed = '';
  await eventually('the command succeeds', async () => {
    printed = ok(await command());
    return true;
  });
  return printed;
}

const membersAt = async (host: LabHost) =>
  Number((await sql(host, "SHOW STATUS LIKE 'wsrep_cluster_size'")).split('\t')[1]);

/** The serial number of the certificate that a host presents at its own address. */
export async function serialAt(host: LabHost, port: number): Promise<string> {
  const start = port === 3306 ? ['-starttls', 'mysql'] : [];
  const { stdout } = await host.run(['openssl', 's_client', '-connect', `${host.address('mgmt')}:${port}`, ...start]);
  return new X509Certificate(stdout).serialNumber;
}

export async function holds(host: LabHost): Promise<boolean> {
  return (await host.run(['ip', '-4', 'address', 'show', 'mgmt'])).stdout.includes(`${virtual}/32`);
}

/** Waits until all three databases are together, and one accepts writes. */
export const allTogether = (hosts: readonly LabHost[]) =>
  eventually(
    'all three databases are together',
    async () => {
      const sizes = await Promise.all(hosts.map(membersAt));
      const readOnly = await Promise.all(hosts.map((host) => sql(host, 'SELECT @@read_only')));
      return sizes.every((size) => size === 3) && readOnly.filter((each) => each === '0').length === 1;
    },
    120_000,
  );
