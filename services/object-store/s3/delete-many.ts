/** POST ?delete: many keys in one request. */
import { Fault } from '#shared/errors/fault.ts';
import type { Answer } from '#shared/http/route.ts';
import { containerInfo } from '../requests/authorize.ts';
import { asS3, refuseS3, S3Fault } from './errors.ts';
import { deleteKey, noBucket, xml } from './objects.ts';
import { asSwift, bodyOf, type S3Request } from './request.ts';
import { document, element, type Markup } from './xml.ts';
import { childText, parseXml } from './xml-body.ts';

const mostKeys = 1000;

export async function deleteMany(s3: S3Request): Promise<Answer> {
  const { store, account, bucket } = s3;
  const root = parseXml(await bodyOf(s3));
  const items = root.children.filter(({ name }) => name === 'Object');
  if (root.name !== 'Delete' || items.length === 0 || items.length > mostKeys)
    throw refuseS3('MalformedXML', `The body must be a Delete of 1 to ${mostKeys} objects.`);
  await containerInfo(store, asSwift(s3, { target: { account, container: bucket, object: '' } }).target).catch(
    noBucket(s3),
  );
  const isQuiet = childText(root, 'Quiet') === 'true';
  const results: Markup[] = [];
  for (const item of items) {
    const key = childText(item, 'Key') ?? '';
    const version = childText(item, 'VersionId');
    const result = await deleteOne(s3, key, version);
    if (!isQuiet || result.text.startsWith('<Error>')) results.push(result);
  }
  return xml(document('DeleteResult', ...results));
}

async function deleteOne(s3: S3Request, key: string, version: string | undefined): Promise<Markup> {
  const named = [element('Key', key), version === undefined ? undefined : element('VersionId', version)];
  try {
    if (key === '') throw refuseS3('MalformedXML', 'An object needs a key.');
    const query: Record<string, string> = version === undefined ? {} : { versionId: version };
    const { headers = {} } = await deleteKey({ ...s3, key, query });
    const marker = headers['x-amz-delete-marker'];
    const id = headers['x-amz-version-id'];
    return element(
      'Deleted',
      ...named,
      marker === undefined ? undefined : element('DeleteMarker', 'true'),
      marker === undefined || id === undefined ? undefined : element('DeleteMarkerVersionId', String(id)),
    );
  } catch (error) {
    const fault = asS3(error, s3.bucket, key);
    if (!(fault instanceof S3Fault) || (error instanceof Fault && error.status >= 500)) throw error;
    return element('Error', ...named, element('Code', fault.code), element('Message', 'The object was not deleted.'));
  }
}
