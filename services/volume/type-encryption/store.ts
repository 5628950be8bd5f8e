/** What encrypts the volumes of a type: QEMU, with LUKS, on the host of the guest. */
import type { Knex } from 'knex';
import type { Encryption } from '#shared/contracts/volume-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Seal } from '#shared/seal/seal.ts';
import { readKey } from '../keys/store.ts';
import type { Volume } from '../volumes/resource.ts';
import { type TypeEncryption, typeEncryptionRows } from './resource.ts';

/** Also the names of os-brick's and Nova's classes, as in older settings. */
const providers: ReadonlySet<string> = new Set([
  'luks',
  'LuksEncryptor',
  'os_brick.encryptors.luks.LuksEncryptor',
  'nova.volume.encryptors.luks.LuksEncryptor',
]);
export const cipher = 'aes-xts-plain64';
const defaultBits = 256;

/** Of the keys of a type's volumes; undefined when they are not encrypted. Throws 400 for encryption that there is not. */
export async function keyBitsOf(db: Knex, typeId: string): Promise<Encryption['keyBits'] | undefined> {
  const found = await typeEncryptionRows.find(db, { typeId });
  return found && supportedBits(found);
}

function supportedBits(found: TypeEncryption): Encryption['keyBits'] {
  const { typeId, provider, controlLocation, keySize } = found;
  const refuse = (what: string) => badRequest(`Invalid volume type: The encryption of type ${typeId} has ${what}.`);
  if (!providers.has(provider)) throw refuse(`the provider ${provider}, and only luks is supported`);
  if (controlLocation !== 'front-end') throw refuse('the control location back-end, and no storage encrypts volumes');
  if (found.cipher && found.cipher !== cipher)
    throw refuse(`the cipher ${found.cipher}, and only ${cipher} is supported`);
  const bits = keySize ?? defaultBits;
  if (bits !== 256 && bits !== 512) throw refuse(`a key of ${bits} bits, and ${cipher} takes 256 or 512`);
  return bits;
}

/** What a storage host needs to write data into the volume; undefined when it is not encrypted. */
export async function encryptionOf(db: Knex, seal: Seal, volume: Volume): Promise<Encryption | undefined> {
  const { encryptionKeyId: id, typeId } = volume;
  if (id === null) return undefined;
  return { keyBits: (await keyBitsOf(db, typeId)) ?? defaultBits, secret: await readKey(db, seal, id) };
}
