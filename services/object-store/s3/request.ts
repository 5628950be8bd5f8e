/** A request of the S3 API: its bucket and key, from the path or from the name of the host. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Call } from '#shared/http/route.ts';
import type { KeyOwner, ObjectStore, Signed } from '../context.ts';
import { callWith } from '../features/call-with.ts';
import { decoded, type ObjectPath, type ObjectRequest, parsePathOf } from '../requests/request.ts';
import { refuseS3 } from './errors.ts';
import { payloadOf } from './payload.ts';

export interface S3Request {
  readonly store: ObjectStore;
  readonly call: Call;
  readonly headers: Headers;
  readonly query: Readonly<Record<string, string>>;
  /** Empty for the list of buckets. */
  readonly bucket: string;
  /** Empty for a bucket. */
  readonly key: string;
  readonly owner: KeyOwner;
  readonly signed: Signed;
  readonly account: string;
}

/** The bucket in a host name below one of the domains, `pictures.s3.example.org`. */
export function bucketInHost(host: string | undefined, domains: readonly string[]): string | undefined {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  const domain = domains.find((each) => name.endsWith(`.${each.toLowerCase()}`));
  return domain && name.slice(0, -domain.length - 1);
}

export function placeIn(
  url: string,
  hostBucket: string | undefined,
): { readonly bucket: string; readonly key: string } {
  const path = decoded((url.split('?')[0] ?? '').slice(1));
  if (hostBucket !== undefined) return { bucket: hostBucket, key: path };
  const [bucket = '', ...key] = path.split('/');
  return { bucket, key: key.join('/') };
}

export const targetOf = ({ account, bucket, key }: Pick<S3Request, 'account' | 'bucket' | 'key'>): ObjectPath => {
  if (Buffer.byteLength(key) > 1024) throw refuseS3('KeyTooLongError', 'Your key is too long.');
  return parsePathOf({ account, container: bucket, object: key });
};

interface Sub {
  readonly method?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Headers;
  readonly stream?: Call['stream'];
  readonly target?: ObjectPath;
}

/** The same as a request of Swift's API. */
export function asSwift(s3: S3Request, sub: Sub = {}): ObjectRequest {
  const { store, call, owner } = s3;
  const { method = call.method, query = {}, headers = {}, stream, target = targetOf(s3) } = sub;
  const made = callWith(call, { method, query, headers, caller: owner.caller, ...(stream ? { stream } : {}) });
  return { store, call: made, target, headers };
}

/** Where the parts of uploads are, and what is said of uploads in progress. */
export const segmentsOf = ({ account, bucket }: Pick<S3Request, 'account' | 'bucket'>, object = ''): ObjectPath => ({
  account,
  container: `${bucket}+segments`,
  object,
});
export const isSegments = (container: string): boolean => container.endsWith('+segments');

/** Reads and checks the body of a request about a bucket or an upload. */
export async function bodyOf({ call, headers, signed, owner }: S3Request, most = 2 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of payloadOf(call.stream, headers, { signed, key: owner.signingKey }).stream) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > most) throw refuseS3('MalformedXML', 'The XML that you provided is too long.');
  }
  return Buffer.concat(chunks);
}
