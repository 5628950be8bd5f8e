/**
 * The header of LUKS 1, which makes an encrypted volume of an empty one: a master key, encrypted in the first of eight slots
 * by the volume's passphrase. Everything behind the header is ciphertext that QEMU reads and writes, on the host of the guest.
 */
import { createCipheriv, createHash, pbkdf2, randomBytes, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { Encryption } from '#shared/contracts/volume-agent.ts';

/** Bytes that the header takes of the volume; also that of cryptsetup is as long. */
export const headerBytes = 2 * 2 ** 20;

const derive = promisify(pbkdf2);
const sectorBytes = 512;
const slots = 8;
const stripes = 4_000;
const firstSlotAt = 4_096;
/** The passphrase is a random key, of which an expensive derivation would protect nothing: the least that LUKS has. */
const iterations = 1_000;
const digestBytes = 20;

/** The first `headerBytes` of a volume with a new master key of `keyBits` (aes-xts-plain64, of two halves). */
export async function luksHeader({ keyBits, secret }: Encryption): Promise<Buffer> {
  const masterKey = randomBytes(keyBits / 8);
  const [digestSalt, slotSalt] = [randomBytes(32), randomBytes(32)];
  const digest = await derive(masterKey, digestSalt, iterations, digestBytes, 'sha256');
  const slotKey = await derive(secret, slotSalt, iterations, masterKey.length, 'sha256');
  const header = Buffer.alloc(headerBytes);
  writeText(header, 0, 'LUKS\xba\xbe');
  header.writeUInt16BE(1, 6);
  writeText(header, 8, 'aes');
  writeText(header, 40, 'xts-plain64');
  writeText(header, 72, 'sha256');
  header.writeUInt32BE(headerBytes / sectorBytes, 104);
  header.writeUInt32BE(masterKey.length, 108);
  digest.copy(header, 112);
  digestSalt.copy(header, 132);
  header.writeUInt32BE(iterations, 164);
  writeText(header, 168, randomUUID());
  for (let slot = 0; slot < slots; slot += 1) writeSlot(header, slot, masterKey.length, slot === 0 ? slotSalt : null);
  encryptSectors(split(masterKey), slotKey).copy(header, firstSlotAt);
  return header;
}

const writeText = (header: Buffer, at: number, text: string) => header.write(text, at, 'latin1');

/** A slot without a salt is unused. */
function writeSlot(header: Buffer, slot: number, keyBytes: number, salt: Buffer | null): void {
  const at = 208 + 48 * slot;
  const lengthBytes = Math.ceil((keyBytes * stripes) / 4_096) * 4_096;
  header.writeUInt32BE(salt ? 0x00ac71f3 : 0x0000dead, at);
  header.writeUInt32BE(salt ? iterations : 0, at + 4);
  salt?.copy(header, at + 8);
  header.writeUInt32BE((firstSlotAt + slot * lengthBytes) / sectorBytes, at + 40);
  header.writeUInt32BE(stripes, at + 44);
}

/** Anti-forensic stripes: without all of them the key is lost, so overwriting a part of them destroys it. */
function split(key: Buffer): Buffer {
  const random = randomBytes(key.length * (stripes - 1));
  let mixed: Buffer = Buffer.alloc(key.length);
  for (let at = 0; at < random.length; at += key.length)
    mixed = diffuse(xor(mixed, random.subarray(at, at + key.length)));
  return Buffer.concat([random, xor(mixed, key)]);
}

const xor = (one: Buffer, other: Buffer) => one.map((byte, at) => byte ^ (other[at] ?? 0)) as Buffer;

/** Each part of the length of a digest becomes that of its number and itself. */
function diffuse(block: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length; at += 32) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(at / 32);
    parts.push(
      createHash('sha256')
        .update(number)
        .update(block.subarray(at, at + 32))
        .digest(),
    );
  }
  return Buffer.concat(parts, block.length);
}

/** Each sector with its number as the initial vector (plain64). */
function encryptSectors(data: Buffer, key: Buffer): Buffer {
  const sectors: Buffer[] = [];
  for (let at = 0; at < data.length; at += sectorBytes) {
    const iv = Buffer.alloc(16);
    iv.writeBigUInt64LE(BigInt(at / sectorBytes));
    const cipher = createCipheriv(key.length === 32 ? 'aes-128-xts' : 'aes-256-xts', key, iv);
    sectors.push(cipher.update(data.subarray(at, at + sectorBytes)), cipher.final());
  }
  return Buffer.concat(sectors);
}
