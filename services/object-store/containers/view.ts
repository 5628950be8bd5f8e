/** Containers and their entries as clients see them. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { isoOf } from '#shared/ring/timestamp.ts';
import { locationHeader, modeHeader, versioningHeader } from '../objects/versions.ts';
import { httpDate, publicHeaders } from '../requests/answers.ts';
import { isOperator } from '../requests/authorize.ts';
import { listedParameters } from '../requests/listed-parameters.ts';
import type { ObjectRequest } from '../requests/request.ts';

/** One object of a listing, as Swift's JSON has it. */
export const containerRow =
  (account: string) =>
  ({ name, etag, bytes, type, timestamp, meta }: Entry) => {
    const { hash, more } = listedParameters(etag, account);
    return {
      name,
      hash,
      bytes,
      content_type: Buffer.from(type, 'latin1').toString(),
      last_modified: isoOf(meta > timestamp ? meta : timestamp),
      ...more,
    };
  };

/** ACLs and keys are shown only to those who may set them. */
export function shown(request: ObjectRequest, headers: Headers): Headers {
  const { 'content-length': _, ...said } = publicHeaders(headers);
  const mine = isOperator(request);
  const open = Object.entries(said).filter(
    ([name]) => mine || !/^x-container-(read|write|sync-|meta-temp-url-key)/.test(name),
  );
  return {
    ...Object.fromEntries(open),
    ...versioning(headers),
    'accept-ranges': 'bytes',
    'x-storage-policy': 'Policy-0',
    'last-modified': httpDate(headers['x-put-timestamp'] ?? ''),
  };
}

function versioning(headers: Headers): Headers {
  const { [versioningHeader]: versions, [locationHeader]: location } = headers;
  if (versions !== undefined) return { 'x-versions-enabled': versions === 'enabled' ? 'True' : 'False' };
  if (location === undefined) return {};
  return { [headers[modeHeader] === 'history' ? 'x-history-location' : 'x-versions-location']: location };
}
