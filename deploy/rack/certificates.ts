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

export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  /** Hexadecimal, in upper case. */
  readonly serial: string;
}

/** Of the authority and of nodes: there is no renewal yet, and a removed node is refused by the registry, not by a date. */
const validDays = 3650;
const newKey = ['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];

/** Files of the node: `ca.crt`, `node.crt`, and `node.key`, which never leaves it. */
export const tlsFile = (path: string, file: 'ca.crt' | 'node.crt' | 'node.key'): string => join(path, 'tls', file);
/** Only on the management node that admits others. */
const authorityKey = (path: string) => join(path, 'secrets', 'ca-key');
export const hasAuthority = (path: string): boolean => existsSync(authorityKey(path));

/** Idempotent: an existing authority is kept. */
export async function ensureAuthority(path: string, cloudId: string): Promise<void> {
  const certificate = tlsFile(path, 'ca.crt');
  if (existsSync(certificate)) return;
  const key = authorityKey(path);
  await ensureKey(key);
  const { stdout } = await run([
    ...['openssl', 'req', '-new', '-x509', '-key', key, '-days', String(validDays)],
    ...['-subj', `/CN=Wattle cloud ${cloudId}`],
    ...['-addext', 'basicConstraints=critical,CA:TRUE,pathlen:0', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  ]);
  mkdirSync(join(path, 'tls'), { recursive: true });
  writeOnce(certificate, stdout, 0o644);
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
export async function signRequest(path: string, request: string, subject: Subject): Promise<Certificate> {
  if ((await tryRun(['openssl', 'req', '-noout', '-verify'], { input: request })).code !== 0)
    throw new Refusal('the certificate request is not signed by its own key');
  const serial = randomBytes(16).toString('hex');
  const extensions = join(path, 'tls', `${serial}.extensions`);
  try {
    writeFileSync(extensions, extensionsOf(subject), { mode: 0o600 });
    const { stdout } = await run(
      [
        ...['openssl', 'x509', '-req', '-CA', tlsFile(path, 'ca.crt'), '-CAkey', authorityKey(path)],
        ...['-set_serial', `0x7${serial.slice(1)}`, '-days', String(validDays), '-extfile', extensions],
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
