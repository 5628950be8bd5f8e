/** A real slapd of the test's own: a free port, a folder, an unprivileged user, certificates of a CA made for it. */
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

/** What tests say instead of running where slapd is not; `startSlapd` gives nothing to ask then. */
export const skipWithoutSlapd = existsSync(program) ? false : 'slapd is not installed';

export interface Slapd {
  readonly url: string;
  readonly secureUrl: string;
  /** What signed its certificate, which is localhost's and no other name's; and what did not. */
  readonly ca: string;
  readonly otherCa: string;
  readonly folder: string;
  /** As an administrator of the directory changes it. */
  change(work: (client: Client) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const absent = () => Promise.reject(new Error('slapd is not installed'));
const nowhere: Slapd = {
  url: '',
  secureUrl: '',
  ca: '',
  otherCa: '',
  folder: '',
  change: absent,
  stop: absent,
  start: absent,
};

export async function startSlapd(t: { after(end: () => Promise<void>): void }): Promise<Slapd> {
  if (skipWithoutSlapd) return nowhere;
  const folder = mkdtempSync(join(tmpdir(), 'slapd-'));
  const [port, securePort] = [await freePort(), await freePort()];
  let running: ChildProcess | undefined;
  const stop = async () => {
    const child = running;
    running = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  t.after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await prepare(folder);
  const urls = [`ldap://127.0.0.1:${port}`, `ldaps://127.0.0.1:${securePort}`];
  const start = async () => {
    const words = ['-f', join(folder, 'slapd.conf'), '-h', urls.join(' '), '-d', '0'];
    running = spawn(join(folder, 'slapd'), [...words, ...asNobody()], { stdio: 'ignore' });
    await Promise.all([port, securePort].map(untilOpen));
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

/** The user that Debian's package makes for it. */
const asNobody = (): string[] => (process.getuid?.() === 0 ? ['-u', 'openldap', '-g', 'openldap'] : []);

async function prepare(folder: string): Promise<void> {
  mkdirSync(join(folder, 'data'));
  // AppArmor would keep the program at its own path from our folder
  copyFileSync(program, join(folder, 'slapd'));
  chmodSync(join(folder, 'slapd'), 0o755);
  await certificates(folder);
  writeFileSync(join(folder, 'ad.schema'), adSchema);
  writeFileSync(join(folder, 'tree.ldif'), ldif);
  writeFileSync(join(folder, 'slapd.conf'), conf(folder));
  await must([
    join(folder, 'slapd'),
    '-T',
    'add',
    '-q',
    '-f',
    join(folder, 'slapd.conf'),
    '-l',
    join(folder, 'tree.ldif'),
  ]);
  if (asNobody().length > 0) await must(['chown', '-R', 'openldap:openldap', folder]);
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
const authority = (folder: string, name: string) =>
  must([
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

async function certificates(folder: string): Promise<void> {
  await Promise.all(['ca', 'other-ca'].map((name) => authority(folder, name)));
  const signed = ['-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca.key'), '-subj', '/CN=directory'];
  const names = ['-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=CA:FALSE'];
  const out = ['-keyout', join(folder, 'server.key'), '-out', join(folder, 'server.pem')];
  await must(['openssl', 'req', '-x509', ...curve, ...signed, ...names, ...out]);
}

async function must(words: string[]): Promise<void> {
  const { code, stderr } = await tryRun(words);
  if (code !== 0) throw new Error(`${words[0]} ended with ${code}: ${stderr}`);
}

async function untilOpen(port: number): Promise<void> {
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
