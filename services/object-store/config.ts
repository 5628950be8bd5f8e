import { apiSettings } from '#shared/config/cloud.ts';
import { list, number, text } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('8080', 'port, or address:port, of the API'),
  maxFileBytes: number(5_368_709_122, 'maximum size of an object; larger ones are uploaded in segments'),
  signatureDigests: list(['sha256', 'sha512'], 'digests with which temporary URLs and forms may be signed'),
  s3Domains: list([], 'domains below which the S3 API finds buckets by the name of the host: bucket.s3.example.org'),
  patienceMs: number(500, 'how long a write that has reached its quorum waits for the other replicas'),
};
