/** Errors of the S3 API: a code and a message in XML. */
import { Fault } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import { textBody } from '../dialect.ts';
import { element, page } from './xml.ts';

const statuses: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidPartNumber: 416,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedXML: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchLifecycleConfiguration: 404,
  NoSuchTagSet: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NotImplemented: 501,
  ObjectLockConfigurationNotFoundError: 404,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
};

/** An error whose answer is complete. */
export class S3Fault extends Fault {
  readonly code: string;
  constructor(code: string, message: string, more: Readonly<Record<string, string>> = {}) {
    const fields = Object.entries(more).map(([name, value]) => element(name, value));
    const body = page('Error', '', element('Code', code), element('Message', message), ...fields);
    super(own(statuses, code) ?? 500, textBody, body, { headers: { 'Content-Type': 'application/xml' } });
    this.code = code;
  }
}

export const refuseS3 = (code: string, message: string, more: Readonly<Record<string, string>> = {}): S3Fault =>
  new S3Fault(code, message, more);

const messages: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['InvalidArgument', 'Invalid argument.'],
  401: ['AccessDenied', 'Access Denied.'],
  403: ['AccessDenied', 'Access Denied.'],
  405: ['MethodNotAllowed', 'The specified method is not allowed against this resource.'],
  409: ['SlowDown', 'A newer write of the same object was faster.'],
  411: ['MissingContentLength', 'You must provide the Content-Length HTTP header.'],
  412: ['PreconditionFailed', 'At least one of the preconditions that you specified did not hold.'],
  413: ['EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size or the quota.'],
  416: ['InvalidRange', 'The requested range is not satisfiable.'],
  422: ['BadDigest', 'The Content-MD5 that you specified did not match what was received.'],
  503: ['SlowDown', 'The service does not answer: try again in a moment.'],
};

/** As AWS names buckets, so that each can be part of a host name. */
export const isBucketName = (name: string): boolean =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
  !/\.\.|^\d+\.\d+\.\d+\.\d+$/.test(name) &&
  !['info', 'healthcheck', 'crossdomain.xml'].includes(name);

/** A container of another name may exist, made by Swift's API; when it does not, no bucket can have the name. */
export const missingBucket = (bucket: string): S3Fault =>
  isBucketName(bucket)
    ? refuseS3('NoSuchBucket', 'The specified bucket does not exist.', { BucketName: bucket })
    : refuseS3('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: bucket });

/** The S3 error for a refusal of the object store. */
export function asS3(error: unknown, bucket: string, key: string): unknown {
  if (!(error instanceof Fault) || error instanceof S3Fault) return error;
  if (error.status === 404)
    return key === ''
      ? missingBucket(bucket)
      : refuseS3('NoSuchKey', 'The specified key does not exist.', { Key: key });
  const [code, message] = messages[error.status] ?? ['InternalError', 'An internal error occurred: try again.'];
  return refuseS3(code, error.status === 400 && error.message ? error.message : message);
}

/** The refusal of a HEAD. */
export const withoutBody = (error: unknown): unknown =>
  error instanceof S3Fault ? new Fault(error.status, textBody, '', { headers: error.headers }) : error;
