/**
 * The certificate authority of a cloud and the certificates of its nodes, made by the openssl command: it is on every
 * Debian, gets its security updates, and is called a few times in the life of a node. Private keys are files with mode 0600.
 */
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tryRun } from '#shared/process/run.ts';
import { writeOnce } from '../cloud/directory.ts';
import { Refusal } from '../command.ts';

export interface Subject {
  /** The name of the node. */
  readonly name: string;
  readonly addresses: readonly string[];
  /** Only nodes that others connect to may act as a TLS server: no other node can impersonate a management node. */
  readonly isServer: boolean;
}

/** A management node has the address of the cloud too, at times. */
export const addressesOf = (
  node: { readonly address: string; readonly storageAddress: string; readonly tunnelAddress: string },
  virtual: unknown,
): string[] => [
  ...new Set([node.address, node.storageAddress, node.tunnelAddress, ...(virtual ? [String(virtual)] : [])]),
];

export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  /** Hexadecimal, in upper case. */
  readonly serial: string;
}

/** Certificates of nodes are renewed by the nodes themselves; a removed node is refused by the registry, not by a date. */
const validDays = { authority: 3650, node: 365 };
const newKey = ['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];

/** Files of the node: `ca.crt`, `node.crt`, and `node.key`, which never leaves it. */
export const tlsFile = (path: string, file: TlsFile): string => join(path, 'tls', file);
type TlsFile = 'ca.crt' | 'node.crt' | 'node.key' | 'peer.crt' | 'peer.key';
/** Only on management nodes, which admit others. */
const authorityKey = (path: string) => join(path, 'secrets', 'ca-key');
export const hasAuthority = (path: string): boolean => existsSync(authorityKey(path));

export interface Authority {
  /** Names of the files of its certificate and its key. */
  readonly certificate: string;
  readonly key: string;
}

/** Signs certificates of nodes. */
const authorityOf = (path: string): Authority => ({ certificate: tlsFile(path, 'ca.crt'), key: authorityKey(path) });

/**
 * Signs certificates with which database servers and brokers of management nodes connect to each other: a certificate of
 * any other node is worth nothing there. Both files are secrets of management nodes.
 */
const peerAuthority = (path: string): Authority => ({
  certificate: join(path, 'secrets', 'peer-ca.crt'),
  key: join(path, 'secrets', 'peer-ca-key'),
});

/** Idempotent: existing authorities are kept. */
export async function ensureAuthorities(path: string, cloudId: string): Promise<void> {
  mkdirSync(join(path, 'tls'), { recursive: true });
  await ensureAuthority(authorityOf(path), `Wattle cloud ${cloudId}`, 0o644);
  await ensureAuthority(peerAuthority(path), `Wattle cloud ${cloudId} management`, 0o600);
}

async function ensureAuthority({ certificate, key }: Authority, name: string, mode: number): Promise<void> {
  if (existsSync(certificate)) return;
  await ensureKey(key);
  const { stdout } = await run([
    ...['openssl', 'req', '-new', '-x509', '-key', key, '-days', String(validDays.authority)],
    ...['-subj', `/CN=${name}`],
    ...['-addext', 'basicConstraints=critical,CA:TRUE,pathlen:0', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  ]);
  writeOnce(certificate, stdout, mode);
}

/** The certificate of a management node among its peers, for a key of its own; made and renewed here: each has the authority. */
export async function ensurePeerCertificate(
  path: string,
  node: { readonly name: string; readonly address: string },
  now = Date.now(),
) {
  const key = tlsFile(path, 'peer.key');
  const certificate = tlsFile(path, 'peer.crt');
  mkdirSync(join(path, 'tls'), { recursive: true });
  // the first node of a rack that an earlier release made has none yet
  if (hasAuthority(path)) await ensureAuthority(peerAuthority(path), 'Wattle cloud management', 0o600);
  await ensureKey(key);
  if (!existsSync(certificate) || isDue(readFileSync(certificate, 'utf8'), now)) {
    const { stdout: request } = await run(['openssl', 'req', '-new', '-key', key, '-subj', `/CN=${node.name}`]);
    const subject = { name: node.name, addresses: [node.address], isServer: true };
    writeOnce(certificate, (await signRequest(path, request, subject, peerAuthority(path))).certificate, 0o644);
  }
  const read = (file: string) => readFileSync(file, 'utf8');
  const { address } = node;
  return { address, ca: read(peerAuthority(path).certificate), certificate: read(certificate), key: read(key) };
}

async function ensureKey(file: string): Promise<void> {
  if (existsSync(file)) return;
  const { stdout } = await run(newKey);
  writeOnce(file, stdout, 0o600);
}

/** Returns a signing request for the key of this node, which is generated when there is none. */
export async function requestCertificate(path: string, name: string): Promise<string> {
  mkdirSync(join(path, 'tls'), { recursive: true });
  const key = tlsFile(path, 'node.key');
  await ensureKey(key);
  return (await run(['openssl', 'req', '-new', '-key', key, '-subj', `/CN=${name}`])).stdout;
}

/** Signs a request. Name, addresses and usage come from `subject`; those in the request are ignored. Throws Refusal. */
export async function signRequest(
  path: string,
  request: string,
  subject: Subject,
  authority: Authority = authorityOf(path),
): Promise<Certificate> {
  if ((await tryRun(['openssl', 'req', '-noout', '-verify'], { input: request })).code !== 0)
    throw new Refusal('the certificate request is not signed by its own key');
  const serial = randomBytes(16).toString('hex');
  const extensions = join(path, 'tls', `${serial}.extensions`);
  try {
    writeFileSync(extensions, extensionsOf(subject), { mode: 0o600 });
    const { stdout } = await run(
      [
        ...['openssl', 'x509', '-req', '-CA', authority.certificate, '-CAkey', authority.key],
        ...['-set_serial', `0x7${serial.slice(1)}`, '-days', String(validDays.node), '-extfile', extensions],
        ...['-subj', `/CN=${subject.name}`],
      ],
      { input: request },
    );
    return { certificate: stdout, serial: new X509Certificate(stdout).serialNumber };
  } finally {
    rmSync(extensions, { force: true });
  }
}

const extensionsOf = ({ name, addresses, isServer }: Subject): string =>
  [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=${isServer ? 'serverAuth,' : ''}clientAuth`,
    `subjectAltName=${[`DNS:${name}`, ...addresses.map((address) => `IP:${address}`)].join(',')}`,
    'authorityKeyIdentifier=keyid',
    '',
  ].join('\n');

/** Whether less than a third of the life of a certificate is left. */
export function isDue(pem: string, now: number): boolean {
  const { validFrom, validTo } = new X509Certificate(pem);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return to - now < (to - from) / 3;
}

/** The SHA-256 of the certificate, in hexadecimal. */
export const fingerprintOf = (pem: string): string =>
  createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

/** The SHA-256 of the public key of a certificate request or certificate: identifies the private key. */
export async function keyOfRequest(request: string): Promise<string> {
  const { stdout } = await run(['openssl', 'req', '-noout', '-pubkey'], { input: request });
  return createHash('sha256').update(stdout.trim()).digest('hex');
}

export const readTls = (path: string, file: Parameters<typeof tlsFile>[1]): string =>
  readFileSync(tlsFile(path, file), 'utf8');
