/** Buckets of the S3 API: containers of the account. */
import type { Entry } from '#shared/contracts/object-entry.ts';
import type { Answer } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { rememberDomain } from '../accounts/domain.ts';
import { read } from '../cluster/read.ts';
import { change, changeOrRefuse } from '../cluster/write.ts';
import { versioningInput } from '../containers/versioning.ts';
import { hiddenCounters, hiddenOf, versioningHeader } from '../objects/versions.ts';
import { readAcl } from '../requests/acl.ts';
import { authorize, authorizeAccount, authorizeOperator, containerInfo, orNone } from '../requests/authorize.ts';
import { isBucketName, refuseS3 } from './errors.ts';
import { noBucket, nothing, timeOf, xml } from './objects.ts';
import { asSwift, bodyOf, isSegments, type S3Request, segmentsOf } from './request.ts';
import { document, element, Markup } from './xml.ts';
import { childText, parseXml } from './xml-body.ts';

const ownerOf = ({ account }: S3Request): Markup =>
  element('Owner', element('ID', account.replace('AUTH_', '')), element('DisplayName', account.replace('AUTH_', '')));

export async function listBuckets(s3: S3Request): Promise<Answer> {
  const { store, account } = s3;
  authorizeAccount(asSwift(s3, { target: { account, container: '', object: '' } }));
  const buckets: Entry[] = [];
  for (let marker = ''; ; ) {
    const query = { limit: '10000', marker };
    const found = await read(store, { kind: 'account', method: 'GET', path: [account], query }).catch(orNone);
    const page = JSON.parse(String(found?.body ?? '[]')) as Entry[];
    buckets.push(...page.filter(({ name }) => !isSegments(name)));
    marker = page.at(-1)?.name ?? '';
    if (page.length < 10_000) break;
  }
  const items = buckets.map(({ name, timestamp }) =>
    element('Bucket', element('Name', name), element('CreationDate', timeOf(timestamp))),
  );
  return xml(document('ListAllMyBucketsResult', ownerOf(s3), element('Buckets', ...items)));
}

const aclHeaders: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  private: { 'x-container-read': '', 'x-container-write': '' },
  'public-read': { 'x-container-read': '.r:*,.rlistings', 'x-container-write': '' },
};

function aclOf(name: string | undefined): Readonly<Record<string, string>> {
  if (name === undefined) return {};
  const found = own(aclHeaders, name);
  if (!found) throw refuseS3('NotImplemented', `The ACL '${name}' is not implemented: use private or public-read.`);
  return found;
}

export async function createBucket(s3: S3Request): Promise<Answer> {
  const { store, bucket, headers } = s3;
  const request = asSwift(s3, { method: 'PUT' });
  authorizeOperator(request);
  const body = await bodyOf(s3);
  if (body.length > 0 && parseXml(body).name !== 'CreateBucketConfiguration')
    throw refuseS3('MalformedXML', 'The body must be a CreateBucketConfiguration.');
  if (!isBucketName(bucket))
    throw refuseS3('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: bucket });
  if (headers['x-amz-bucket-object-lock-enabled']?.toLowerCase() === 'true')
    throw refuseS3('NotImplemented', 'Object locks are not implemented.');
  const acl = aclOf(headers['x-amz-acl']);
  await rememberDomain(request);
  if (await containerInfo(store, request.target).catch(orNone))
    throw refuseS3('BucketAlreadyOwnedByYou', 'The bucket exists, and you own it.', { BucketName: bucket });
  await changeOrRefuse(store, request.target, 'PUT', acl);
  return nothing(200, { location: `/${bucket}` });
}

export async function headBucket(s3: S3Request): Promise<Answer> {
  const request = asSwift(s3);
  await authorize(request);
  await containerInfo(s3.store, request.target).catch(noBucket(s3));
  return nothing(200, { 'x-amz-bucket-region': regionOf(s3) });
}

const regionOf = ({ signed }: S3Request): string => signed.scope.split('/')[1] || 'us-east-1';

/** With the place of its parts, when that is empty too. */
export async function deleteBucket(s3: S3Request): Promise<Answer> {
  const { store } = s3;
  const { target, ...request } = asSwift(s3, { method: 'DELETE' });
  authorizeOperator({ ...request, target });
  const info = await containerInfo(store, target).catch(noBucket(s3));
  const versions = info[versioningHeader] === undefined ? undefined : await hiddenCounters(store, 'container', target);
  const counted = [info, versions ?? {}].map((each) => Number(each['x-container-object-count'] ?? 0));
  if (counted.some((count) => count > 0))
    throw refuseS3('BucketNotEmpty', 'The bucket that you tried to delete is not empty', { BucketName: s3.bucket });
  await changeOrRefuse(store, target, 'DELETE');
  if (versions) await change(store, hiddenOf(target), 'DELETE');
  await change(store, segmentsOf(s3), 'DELETE');
  return nothing(204);
}

/** An empty location is that of the default region. */
export async function showLocation(s3: S3Request): Promise<Answer> {
  await headBucket(s3);
  return xml(document('LocationConstraint'));
}

export async function showVersioning(s3: S3Request): Promise<Answer> {
  const request = asSwift(s3);
  await authorize(request);
  const { [versioningHeader]: state } = await containerInfo(s3.store, request.target).catch(noBucket(s3));
  const status = state === undefined ? undefined : element('Status', state === 'enabled' ? 'Enabled' : 'Suspended');
  return xml(document('VersioningConfiguration', status));
}

export async function setVersioning(s3: S3Request): Promise<Answer> {
  const { store } = s3;
  const body = parseXml(await bodyOf(s3));
  const status = childText(body, 'Status');
  if (body.name !== 'VersioningConfiguration' || (status !== 'Enabled' && status !== 'Suspended'))
    throw refuseS3(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  if (childText(body, 'MfaDelete') === 'Enabled') throw refuseS3('NotImplemented', 'MfaDelete is not implemented.');
  const headers = { 'x-versions-enabled': status === 'Enabled' ? 'true' : 'false' };
  const request = asSwift(s3, { method: 'POST', headers });
  authorizeOperator(request);
  await containerInfo(store, request.target).catch(noBucket(s3));
  await changeOrRefuse(store, request.target, 'POST', await versioningInput(request));
  return nothing();
}

const grant = (grantee: Markup, permission: string): Markup =>
  element('Grant', grantee, element('Permission', permission));
const schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const granteeText = (type: string, inner: string): string => `<Grantee ${schema} xsi:type="${type}">${inner}</Grantee>`;

/** Of a bucket or an object, which has that of its bucket. */
export async function showAcl(s3: S3Request): Promise<Answer> {
  const request = asSwift(s3, { target: { account: s3.account, container: s3.bucket, object: '' } });
  authorizeOperator(request);
  const info = await containerInfo(s3.store, request.target).catch(noBucket(s3));
  const id = s3.account.replace('AUTH_', '');
  const own = new Markup(granteeText('CanonicalUser', element('ID', id).text + element('DisplayName', id).text));
  const all = new Markup(granteeText('Group', element('URI', 'http://acs.amazonaws.com/groups/global/AllUsers').text));
  const isPublic = readAcl(info['x-container-read']).referrers.includes('*');
  const grants = [grant(own, 'FULL_CONTROL'), ...(isPublic ? [grant(all, 'READ')] : [])];
  return xml(document('AccessControlPolicy', ownerOf(s3), element('AccessControlList', ...grants)));
}

export async function setAcl(s3: S3Request): Promise<Answer> {
  const { 'x-amz-acl': acl } = s3.headers;
  if (acl === undefined) throw refuseS3('NotImplemented', 'Grants are not implemented: name an ACL in x-amz-acl.');
  const request = asSwift(s3, { method: 'POST' });
  authorizeOperator(request);
  await changeOrRefuse(s3.store, request.target, 'POST', aclOf(acl));
  return nothing();
}
