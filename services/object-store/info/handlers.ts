import { type Handler, ok } from '#shared/http/route.ts';
import type { ObjectStore } from '../context.ts';
import { extractLimits } from '../features/extract-archive.ts';
import { deleteLimits } from '../features/many-deletes.ts';
import { segmentLimits } from '../features/slo-segments.ts';
import { mostLinks } from '../features/symlink.ts';
import { listingLimit } from '../requests/listing.ts';
import { limits } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';

/** The capabilities of this cluster. */
export const showInfo: Handler<ObjectStore> = async ({ settings }) =>
  ok({
    swift: {
      version: '2.35.0',
      max_file_size: settings.maxFileBytes,
      max_meta_name_length: limits.name,
      max_meta_value_length: limits.value,
      max_meta_count: limits.count,
      max_meta_overall_size: limits.overall,
      max_header_size: limits.header,
      max_object_name_length: 1024,
      max_container_name_length: 256,
      max_account_name_length: 256,
      container_listing_limit: listingLimit,
      account_listing_limit: listingLimit,
      account_autocreate: true,
      allow_account_management: false,
      valid_api_versions: ['v1', 'v1.0'],
      strict_cors_mode: true,
      cors_expose_headers: [],
      extra_header_count: 0,
      policies: [{ name: 'Policy-0', aliases: 'Policy-0', default: true }],
    },
    account_quotas: {},
    container_quotas: {},
    bulk_upload: {
      max_containers_per_extraction: extractLimits.containers,
      max_failed_extractions: extractLimits.failures,
    },
    crossdomain: {},
    bulk_delete: { max_deletes_per_request: deleteLimits.perRequest, max_failed_deletes: deleteLimits.failures },
    tempurl: {
      methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
      incoming_remove_headers: ['x-timestamp'],
      incoming_allow_headers: [],
      outgoing_remove_headers: ['x-object-meta-*'],
      outgoing_allow_headers: ['x-object-meta-public-*'],
      allowed_digests: settings.signatureDigests,
      deprecated_digests: [],
    },
    formpost: { allowed_digests: settings.signatureDigests, deprecated_digests: [] },
    staticweb: {},
    s3api: {
      max_bucket_listing: 1000,
      max_parts_listing: 1000,
      max_upload_part_num: segmentLimits.count,
      max_multi_delete_objects: 1000,
      allow_multipart_uploads: true,
      min_segment_size: 5_242_880,
      s3_acl: false,
    },
    symlink: { symloop_max: mostLinks, static_links: true },
    versioned_writes: { allowed_flags: ['x-versions-location', 'x-history-location'] },
    object_versioning: {},
    dlo: { max_segments: segmentLimits.count },
    slo: {
      max_manifest_segments: segmentLimits.count,
      max_manifest_size: segmentLimits.manifestBytes,
      min_segment_size: 1,
      yield_frequency: 10,
      delete_concurrency: 2,
      async_delete: false,
      allow_async_delete: false,
    },
  });

/** A path without an account; with more behind an empty one it names nothing. */
export const refuseBadUrl: Handler<ObjectStore> = async (_store, { url }) => {
  throw /^\/v1\/?(\?|$)/.test(url) ? refuse(412, 'Bad URL') : refuse(404);
};

export const healthcheck: Handler<ObjectStore> = async () => ({
  status: 200,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from('OK'),
});

/** The policy file of Flash players: pages of all origins may read what their tokens open. */
export const crossDomain: Handler<ObjectStore> = async () => ({
  status: 200,
  headers: { 'content-type': 'application/xml; charset=utf-8' },
  body: Buffer.from(
    `<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd" >
<cross-domain-policy>
<allow-access-from domain="*" secure="false" />
</cross-domain-policy>`,
  ),
});
