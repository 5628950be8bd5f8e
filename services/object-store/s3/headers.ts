/** Headers of S3 as those of Swift, and back. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { refuseS3 } from './errors.ts';

const same = ['content-type', 'content-disposition', 'content-language', 'cache-control', 'expires', 'x-robots-tag'];
const refused: readonly (readonly [RegExp, string])[] = [
  [/^x-amz-server-side-encryption/, 'Encryption by the server'],
  [/^x-amz-tagging$/, 'Tagging'],
  [/^x-amz-object-lock-/, 'Object locks'],
  [/^x-amz-website-redirect-location$/, 'Redirection'],
  [/^x-amz-grant-/, 'Grants'],
];

/** What a PUT stores. Throws NotImplemented for what would have no effect. */
export function storedHeaders(given: Headers): Headers {
  for (const [name, what] of refused)
    if (Object.keys(given).some((each) => name.test(each)))
      throw refuseS3('NotImplemented', `${what} is not implemented.`);
  checkAcl(given['x-amz-acl']);
  if (!['STANDARD', undefined].includes(given['x-amz-storage-class']))
    throw refuseS3('NotImplemented', 'The only storage class is STANDARD.');
  const encoding = given['content-encoding']
    ?.split(',')
    .map((each) => each.trim())
    .filter((each) => each !== 'aws-chunked')
    .join(',');
  const meta = Object.entries(given).filter(([name]) => name.startsWith('x-amz-meta-'));
  return {
    ...Object.fromEntries(same.flatMap((name) => (given[name] ? [[name, given[name]]] : []))),
    ...(encoding ? { 'content-encoding': encoding } : {}),
    ...Object.fromEntries(meta.map(([name, value]) => [name.replace('x-amz-', 'x-object-'), value])),
  };
}

/** Objects have the access list of their bucket. */
export function checkAcl(acl: string | undefined): void {
  if (acl !== undefined && acl !== 'private' && acl !== 'bucket-owner-full-control')
    throw refuseS3('NotImplemented', `The ACL '${acl}' is not implemented for objects: set it on the bucket.`);
}

const conditional = ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'];
export const askedHeaders = (given: Headers): Headers =>
  Object.fromEntries(conditional.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));

export const conditionsOfCopy = (given: Headers): Headers =>
  Object.fromEntries(
    conditional.flatMap((name) => {
      const value = given[`x-amz-copy-source-${name}`];
      return value === undefined ? [] : [[name, value]];
    }),
  );

const shown =
  /^(content-(type|length|range|encoding|disposition|language)|cache-control|expires|last-modified|accept-ranges|x-robots-tag)$/;
const overrides = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
];

export const quoted = (etag: string): string => `"${etag.replaceAll('"', '')}"`;

/** What an answer about an object shows; `response-content-type` and others of the query replace it. */
export function shownHeaders(
  headers: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, string>> = {},
): Headers {
  const all = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const text = String(value);
    if (shown.test(name)) return [[name, text]];
    if (name.startsWith('x-object-meta-')) return [[name.replace('x-object-', 'x-amz-'), text]];
    if (name === 'etag') return [[name, quoted(text)]];
    if (name === 'x-parts-count') return [['x-amz-mp-parts-count', text]];
    return name === 'x-object-version-id' ? [['x-amz-version-id', text]] : [];
  });
  const asked = overrides.flatMap((name) => {
    const value = query[`response-${name}`];
    return value === undefined ? [] : [[name, value.replace(/[\r\n]/g, '')]];
  });
  return { ...Object.fromEntries(all), ...Object.fromEntries(asked) };
}
