import { createHash, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Knex } from 'knex';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { insertKeypair, type Keypair } from './store.ts';

interface KeypairInput {
  readonly name: string;
  readonly type: 'ssh' | 'x509';
  readonly publicKey: string;
  readonly userId: string;
}

/** MD5 of the key's bytes, as Nova shows it. */
export function fingerprintOf(publicKey: string): string {
  const [type, encoded = ''] = publicKey.trim().split(/\s+/);
  const bytes = Buffer.from(encoded, 'base64');
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  if (length === 0 || bytes.subarray(4, 4 + length).toString() !== type)
    throw badRequest('Keypair data is invalid: failed to generate fingerprint');
  return (createHash('md5').update(bytes).digest('hex').match(/../g) ?? []).join(':');
}

/** SHA-1 of a certificate's DER bytes. */
function certificateFingerprint(pem: string): string {
  const [first, last] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'];
  const from = pem.indexOf(first);
  const to = pem.indexOf(last, from);
  const body = from < 0 || to < 0 ? undefined : pem.slice(from + first.length, to);
  if (body === undefined) throw badRequest('Keypair data is invalid: failed to generate X509 fingerprint.');
  const digest = createHash('sha1').update(Buffer.from(body, 'base64')).digest('hex').toUpperCase();
  return (digest.match(/../g) ?? []).join(':');
}

export async function importKeypair(db: Knex, input: KeypairInput, quota: number): Promise<Keypair> {
  const fingerprint = input.type === 'ssh' ? fingerprintOf(input.publicKey) : certificateFingerprint(input.publicKey);
  const keypair = { ...input, fingerprint, createdAt: Date.now() };
  await db.transaction((tx) => insertKeypair(tx, keypair, quota));
  return { ...keypair, sequence: 0 };
}

interface Keys {
  readonly publicKey: string;
  readonly privateKey: string;
}

const generate = promisify(generateKeyPair);
let last: Promise<unknown> = Promise.resolve();
let waiting = 0;
const maxWaiting = 16;

/** Before 2.92 the service generates keys: in a thread, one at a time, so that other requests are not delayed. */
export function generateKeys(): Promise<Keys> {
  if (waiting >= maxWaiting)
    throw new Fault(429, 'overLimit', 'Too many key pairs are being generated: try again later, or send public_key.');
  waiting += 1;
  const mine = last.then(generateNow, generateNow).finally(() => {
    waiting -= 1;
  });
  last = mine;
  return mine;
}

async function generateNow(): Promise<Keys> {
  const { publicKey, privateKey } = await generate('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  /** SSH's mpint: a zero byte before a number whose first bit is set, which would be negative otherwise. */
  const positive = (bytes: Buffer) => ((bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
  const blob = Buffer.concat([
    field(Buffer.from('ssh-rsa')),
    field(positive(Buffer.from(e, 'base64url'))),
    field(positive(Buffer.from(n, 'base64url'))),
  ]);
  return {
    publicKey: `ssh-rsa ${blob.toString('base64')} Generated-by-Nova`,
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  };
}
