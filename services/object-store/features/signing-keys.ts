/** The keys of temporary URLs and forms: metadata of the account or of the container, two of each. */
import { createHmac } from 'node:crypto';
import { isSameSecret } from '#shared/auth/same-secret.ts';
import type { ObjectStore } from '../context.ts';
import { accountInfo, containerInfo, orNone } from '../requests/authorize.ts';
import type { Grant, ObjectPath } from '../requests/request.ts';

interface Key {
  readonly key: string;
  /** What a signature with this key opens. */
  readonly grant: Grant;
}

export async function keysOf(store: ObjectStore, { account, container }: ObjectPath): Promise<Key[]> {
  const own = await accountInfo(store, { account });
  const info = (await containerInfo(store, { account, container, object: '' }).catch(orNone)) ?? {};
  const found = ['temp-url-key', 'temp-url-key-2'].flatMap((name) => [
    { key: own[`x-account-meta-${name}`], grant: { account } },
    { key: info[`x-container-meta-${name}`], grant: { account, container } },
  ]);
  return found.flatMap(({ key, grant }) => (key ? [{ key, grant }] : []));
}

export interface Signature {
  readonly digest: string;
  readonly hex: string;
}

const lengths: ReadonlyMap<number, string> = new Map([
  [40, 'sha1'],
  [64, 'sha256'],
  [128, 'sha512'],
]);

/** Hexadecimal, or `sha256:` with base64. Undefined when it is neither, or of a digest that is not allowed. */
export function signatureFrom(text: string, allowed: readonly string[]): Signature | undefined {
  const [digest = '', base64] = text.split(':');
  const found =
    base64 === undefined
      ? { digest: lengths.get(text.length) ?? '', hex: text.toLowerCase() }
      : { digest: digest.toLowerCase(), hex: Buffer.from(base64, 'base64').toString('hex') };
  return allowed.includes(found.digest) && /^[0-9a-f]+$/.test(found.hex) ? found : undefined;
}

/** What the first key opens with which one of these texts was signed. */
export function grantOf(keys: readonly Key[], texts: readonly string[], { digest, hex }: Signature): Grant | undefined {
  const isSigned = (key: string, text: string) =>
    isSameSecret(createHmac(digest, Buffer.from(key, 'latin1')).update(text).digest('hex'), hex);
  return keys.find(({ key }) => texts.some((text) => isSigned(key, text)))?.grant;
}
