/** Lists of uploads in parts, and of the parts of one. */
import type { Entry } from '#shared/contracts/object-entry.ts';
import type { Answer } from '#shared/http/route.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { quoted } from './headers.ts';
import { limitIn, namer, person } from './listings.ts';
import { entriesBelow, getUpload, mayWrite, numberIn, partsPrefix } from './multipart.ts';
import { noBucket, timeOf, xml } from './objects.ts';
import { asSwift, type S3Request } from './request.ts';
import { document, element, type Markup } from './xml.ts';

/** Who began the upload, and whose it is: projects, not users, own accounts. */
const people = (account: string): Markup[] => [person('Initiator', account), person('Owner', account)];

export async function listParts(s3: S3Request): Promise<Answer> {
  const { query, bucket, key, account } = s3;
  await mayWrite(s3);
  const id = query.uploadId ?? '';
  await getUpload(s3, id);
  const limit = limitIn(query, 'max-parts');
  const after = Number(query['part-number-marker'] ?? 0);
  const all = (await entriesBelow(s3, partsPrefix(s3, id))).filter((each) => numberIn(each) > after);
  const page = all.slice(0, limit);
  return xml(
    document(
      'ListPartsResult',
      element('Bucket', bucket),
      element('Key', namer(query)(key)),
      element('UploadId', id),
      ...people(account),
      element('StorageClass', 'STANDARD'),
      element('PartNumberMarker', after),
      element('NextPartNumberMarker', page.length > 0 ? numberIn(page.at(-1) as Entry) : 0),
      element('MaxParts', limit),
      element('IsTruncated', all.length > limit),
      ...page.map((each) =>
        element(
          'Part',
          element('PartNumber', numberIn(each)),
          element('LastModified', timeOf(each.timestamp)),
          element('ETag', quoted(each.etag)),
          element('Size', each.bytes),
        ),
      ),
    ),
  );
}

export async function listUploads(s3: S3Request): Promise<Answer> {
  const { query, bucket, account } = s3;
  const request = asSwift(s3, { target: { account, container: bucket, object: '' } });
  await authorize(request);
  await containerInfo(s3.store, request.target).catch(noBucket(s3));
  const limit = limitIn(query, 'max-uploads');
  const { prefix = '', 'key-marker': key = '', 'upload-id-marker': id } = query;
  const marker = key === '' ? '' : `uploads/${key}/${id ?? 'g'}`; // ids are hexadecimal: g is behind all of them
  const all = await entriesBelow(s3, `uploads/${prefix}`, marker, limit + 1);
  const page = all.slice(0, limit).map(({ name, timestamp }) => ({
    key: name.slice('uploads/'.length, -33),
    id: name.slice(-32),
    timestamp,
  }));
  const name = namer(query);
  const last = page.at(-1);
  const isCut = all.length > limit && last !== undefined;
  return xml(
    document(
      'ListMultipartUploadsResult',
      element('Bucket', bucket),
      element('KeyMarker', name(key)),
      element('UploadIdMarker', id ?? ''),
      element('NextKeyMarker', name(last?.key ?? '')),
      element('NextUploadIdMarker', last?.id ?? ''),
      prefix === '' ? undefined : element('Prefix', name(prefix)),
      element('MaxUploads', limit),
      query['encoding-type'] === undefined ? undefined : element('EncodingType', 'url'),
      element('IsTruncated', isCut),
      ...page.map((each) =>
        element(
          'Upload',
          element('Key', name(each.key)),
          element('UploadId', each.id),
          ...people(account),
          element('StorageClass', 'STANDARD'),
          element('Initiated', timeOf(each.timestamp)),
        ),
      ),
    ),
  );
}
