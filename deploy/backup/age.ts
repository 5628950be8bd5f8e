/** Encryption of backups by age (age-encryption.org/v1) with a passphrase, so that `age --decrypt` opens them without Wattle. */
import { Decrypter, Encrypter } from 'age-encryption';
import { Refusal } from '../command.ts';

type Bytes = AsyncIterable<Uint8Array>;

/** 128 MiB and about a second per guess. */
const work = 17;

/** `logN`: the work of a guess, 2 to that power; tests take less. */
export async function* encrypt(plain: Bytes, passphrase: string, logN = work): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(logN);
  yield* await encrypter.encrypt(streamOf(plain));
}

/**
 * Throws Refusal for a wrong passphrase, and for a file that is damaged, truncated or no backup; what `sealed` throws is thrown
 * as it is. Yields authenticated bytes only.
 */
export async function* decrypt(sealed: Bytes, passphrase: string, name: string): AsyncGenerator<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  const source = watched(sealed);
  try {
    yield* await decrypter.decrypt(streamOf(source.bytes()));
  } catch (error) {
    throw source.failure() ?? refusalOf((error as Error).message, name);
  }
}

function watched(bytes: Bytes) {
  let failure: unknown;
  async function* through() {
    try {
      yield* bytes;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { bytes: through, failure: () => failure };
}

function streamOf(bytes: Bytes): ReadableStream<Uint8Array> {
  const from = bytes[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (to) => {
      const next = await from.next();
      if (next.done) to.close();
      else to.enqueue(next.value);
    },
    cancel: async () => void (await from.return?.()),
  });
}

function refusalOf(message: string, name: string): Refusal {
  if (/no identity matched/.test(message)) return new Refusal(`the passphrase does not open ${name}`);
  if (/invalid (version|header)|stream ended/.test(message))
    return new Refusal(`${name} is no backup, or damaged at its beginning`);
  return new Refusal(`${name} is damaged or truncated: its bytes are not those that were written`);
}
