/** A real slapd per test: free ports, its own folder, an unprivileged user, certificates of a new CA. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'ldapts';
import { tryRun } from '#shared/process/run.ts';
import { freePort } from './free-port.ts';
import { adSchema, ldif, rootDn, rootPassword, suffix } from './slapd-tree.ts';

const program = '/usr/sbin/slapd';

/** The reason to skip where slapd is not installed; `startSlapd` then returns a stub. */
export const skipWithoutSlapd = existsSync(program) ? false : 'slapd is not installed';

export interface Slapd {
  readonly url: string;
  readonly secureUrl: string;
  /** The CA of its certificate, which is for localhost only; and another CA. */
  readonly ca: string;
  readonly otherCa: string;
  readonly folder: string;
  /** Changes entries as the root DN. */
  change(work: (client: Client) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const notInstalled = () => Promise.reject(new Error('slapd is not installed'));
const stub: Slapd = {
  url: '',
  secureUrl: '',
  ca: '',
  otherCa: '',
  folder: '',
  change: notInstalled,
  stop: notInstalled,
  start: notInstalled,
};

export async function startSlapd(t: { after(end: () => Promise<void>): void }): Promise<Slapd> {
  if (skipWithoutSlapd) return stub;
  const folder = mkdtempSync(join(tmpdir(), 'slapd-'));
  const [port, securePort] = [await freePort(), await freePort()];
  let running: ChildProcess | undefined;
  const stop = async () => {
    const child = running;
    running = undefined;
    if (!child || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  };
  t.after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await prepare(folder);
  const urls = [`ldap://127.0.0.1:${port}`, `ldaps://127.0.0.1:${securePort}`];
  const start = async () => {
    const args = ['-f', join(folder, 'slapd.conf'), '-h', urls.join(' '), '-d', '0'];
    running = spawn(join(folder, 'slapd'), [...args, ...userArgs()], { stdio: 'ignore' });
    await Promise.all([port, securePort].map(waitUntilOpen));
  };
  await start();
  const url = `ldap://localhost:${port}`;
  return {
    url,
    secureUrl: `ldaps://localhost:${securePort}`,
    ca: join(folder, 'ca.pem'),
    otherCa: join(folder, 'other-ca.pem'),
    folder,
    change: async (work) => {
      const client = new Client({ url, timeout: 5_000 });
      await client.bind(rootDn, rootPassword);
      await work(client).finally(() => client.unbind());
    },
    stop,
    start,
  };
}

/** The user of the Debian package. */
const userArgs = (): string[] => (process.getuid?.() === 0 ? ['-u', 'openldap', '-g', 'openldap'] : []);

async function prepare(folder: string): Promise<void> {
  mkdirSync(join(folder, 'data'));
  // the AppArmor profile of the installed path would deny access to the folder
  copyFileSync(program, join(folder, 'slapd'));
  chmodSync(join(folder, 'slapd'), 0o755);
  await makeCertificates(folder);
  writeFileSync(join(folder, 'ad.schema'), adSchema);
  writeFileSync(join(folder, 'tree.ldif'), ldif);
  writeFileSync(join(folder, 'slapd.conf'), conf(folder));
  await runOrThrow([
    join(folder, 'slapd'),
    '-T',
    'add',
    '-q',
    '-f',
    join(folder, 'slapd.conf'),
    '-l',
    join(folder, 'tree.ldif'),
  ]);
  if (userArgs().length > 0) await runOrThrow(['chown', '-R', 'openldap:openldap', folder]);
}

const conf = (folder: string) => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include ${folder}/ad.schema
pidfile ${folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile ${folder}/ca.pem
TLSCertificateFile ${folder}/server.pem
TLSCertificateKeyFile ${folder}/server.key
sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited
database mdb
maxsize 16777216
suffix "${suffix}"
rootdn "${rootDn}"
rootpw ${rootPassword}
directory ${folder}/data
dbnosync
index objectClass,uid,cn,sAMAccountName,member,memberUid eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=reader,${suffix}" read by * none
`;

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
const makeCa = (folder: string, name: string) =>
  runOrThrow([
    'openssl',
    'req',
    '-x509',
    ...curve,
    '-subj',
    `/CN=${name}`,
    '-keyout',
    join(folder, `${name}.key`),
    '-out',
    join(folder, `${name}.pem`),
  ]);

async function makeCertificates(folder: string): Promise<void> {
  await Promise.all(['ca', 'other-ca'].map((name) => makeCa(folder, name)));
  const signed = ['-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca.key'), '-subj', '/CN=directory'];
  const names = ['-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=CA:FALSE'];
  const out = ['-keyout', join(folder, 'server.key'), '-out', join(folder, 'server.pem')];
  await runOrThrow(['openssl', 'req', '-x509', ...curve, ...signed, ...names, ...out]);
}

async function runOrThrow(args: string[]): Promise<void> {
  const { code, stderr } = await tryRun(args);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${stderr}`);
}

async function waitUntilOpen(port: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isOpen(port))) {
    if (Date.now() > deadline) throw new Error(`slapd does not listen on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
