/** The S3 API: which operation a signed request is. */
import type { Answer, Call } from '#shared/http/route.ts';
import type { ObjectStore } from '../context.ts';
import { headersIn } from '../requests/request.ts';
import * as buckets from './buckets.ts';
import { deleteMany } from './delete-many.ts';
import { asS3, refuseS3, withoutBody } from './errors.ts';
import { checkAcl } from './headers.ts';
import { listObjects, listVersions } from './listings.ts';
import * as multipart from './multipart.ts';
import { listParts, listUploads } from './multipart-lists.ts';
import { deleteKey, getKey, nothing, putKey, xml } from './objects.ts';
import { bucketInHost, placeIn, type S3Request } from './request.ts';
import { isSigned, signedBy } from './signature.ts';
import { document, element } from './xml.ts';

type Operation = (s3: S3Request) => Promise<Answer>;
/** By method and parameter of the query, of which the first that a request has counts. */
type Table = Readonly<Record<string, Operation>>;

const logging: Operation = async (s3) => {
  await buckets.headBucket(s3);
  return xml(document('BucketLoggingStatus'));
};
const missing =
  (code: string, message: string): Operation =>
  async (s3) => {
    await buckets.headBucket(s3);
    throw refuseS3(code, message);
  };

const ofBuckets: Table = {
  'GET location': buckets.showLocation,
  'GET versioning': buckets.showVersioning,
  'PUT versioning': buckets.setVersioning,
  'GET acl': buckets.showAcl,
  'PUT acl': buckets.setAcl,
  'GET logging': logging,
  'GET tagging': missing('NoSuchTagSet', 'There is no tag set associated with the bucket.'),
  'GET lifecycle': missing('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist.'),
  'GET object-lock': missing(
    'ObjectLockConfigurationNotFoundError',
    'Object Lock configuration does not exist for this bucket',
  ),
  'GET versions': listVersions,
  'GET uploads': listUploads,
  'POST delete': deleteMany,
  GET: listObjects,
  HEAD: buckets.headBucket,
  PUT: buckets.createBucket,
  DELETE: buckets.deleteBucket,
};

const noTags: Operation = async (s3) => {
  await getKey({ ...s3, call: { ...s3.call, method: 'HEAD' } });
  return xml(document('Tagging', element('TagSet')));
};
/** An object has the access list of its bucket. */
const showObjectAcl: Operation = async (s3) => {
  await getKey({ ...s3, call: { ...s3.call, method: 'HEAD' } });
  return buckets.showAcl(s3);
};
const setObjectAcl: Operation = async (s3) => {
  checkAcl(s3.headers['x-amz-acl'] ?? 'grants');
  await getKey({ ...s3, call: { ...s3.call, method: 'HEAD' } });
  return nothing();
};

const ofObjects: Table = {
  'POST uploads': multipart.beginUpload,
  'PUT uploadId': multipart.putPart,
  'GET uploadId': listParts,
  'POST uploadId': multipart.completeUpload,
  'DELETE uploadId': multipart.abortUpload,
  'GET acl': showObjectAcl,
  'PUT acl': setObjectAcl,
  'GET tagging': noTags,
  GET: getKey,
  HEAD: getKey,
  PUT: putKey,
  DELETE: deleteKey,
};

/** Parameters that name another operation. */
const subresources = [
  ...[
    'accelerate',
    'acl',
    'analytics',
    'attributes',
    'cors',
    'delete',
    'encryption',
    'intelligent-tiering',
    'inventory',
  ],
  ...['legal-hold', 'lifecycle', 'location', 'logging', 'metrics', 'notification', 'object-lock', 'ownershipControls'],
  ...['policy', 'policyStatus', 'publicAccessBlock', 'replication', 'requestPayment', 'restore', 'retention', 'select'],
  ...['tagging', 'torrent', 'uploadId', 'uploads', 'versioning', 'versions', 'website'],
];

export function operationOf(
  method: string,
  bucket: string,
  key: string,
  query: Readonly<Record<string, string>>,
): Operation {
  if (bucket === '') {
    if (method !== 'GET')
      throw refuseS3('MethodNotAllowed', 'The specified method is not allowed against this resource.');
    return buckets.listBuckets;
  }
  const table = key === '' ? ofBuckets : ofObjects;
  const subresource = subresources.find((name) => query[name] !== undefined);
  const name = subresource === undefined ? method : `${method} ${subresource}`;
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found) return found;
  if (subresource === undefined)
    throw refuseS3('MethodNotAllowed', 'The specified method is not allowed against this resource.');
  throw refuseS3(
    'NotImplemented',
    `A header or query that you provided implies functionality that is not implemented: ${subresource}.`,
  );
}

export const isS3 = ({ header, query }: Pick<Call, 'header' | 'query'>): boolean =>
  isSigned(header('authorization'), query);

export async function handleS3(store: ObjectStore, call: Call): Promise<Answer> {
  const headers = headersIn(call);
  const { query, method, url } = call;
  const hostBucket = bucketInHost(headers.host, store.settings.s3Domains);
  const place = { bucket: '', key: '' };
  try {
    Object.assign(place, placeIn(url, hostBucket));
    const signed = signedBy({ method, url, headers, query, hostBucket });
    const owner = await store.keys.verify(signed);
    const account = `AUTH_${owner.caller.projectId}`;
    const operation = operationOf(method, place.bucket, place.key, query);
    const answer = await operation({ store, call, headers, query, ...place, owner, signed, account });
    return {
      ...answer,
      headers: { ...answer.headers, 'x-amz-request-id': call.caller.requestId, 'x-amz-id-2': call.caller.requestId },
    };
  } catch (error) {
    throw method === 'HEAD' ? withoutBody(asS3(error, place.bucket, place.key)) : asS3(error, place.bucket, place.key);
  }
}
