/** Advisories on the object store and its agents without a test, and why they do not apply. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSA-2014-002':
    'There are no temporary URLs and no forms, so no signature of a caller is compared: requests/unsupported.ts refuses their keys by name, and the one secret between services is compared as digests by timingSafeEqual in object-agent/routes.ts.',
  'OSSA-2014-005':
    'Wattle has no client of the object store: its proxy reaches its agents over plain HTTP with the secret of the ring (shared/ring/remote.ts), so there is no certificate whose check could be left out.',
  'OSSA-2015-006':
    'No container keeps versions of another: requests/unsupported.ts refuses X-Versions-Location, X-History-Location and X-Versions-Enabled by name.',
  'OSSA-2015-016':
    'There are no temporary URLs: requests/unsupported.ts refuses the keys X-Account-Meta-Temp-URL-Key and X-Container-Meta-Temp-URL-Key, and /info names no tempurl.',
  'OSSA-2023-001':
    'There is no S3 API and no XML is read: object-store/routes.ts serves /v1 alone, and XML is only written, by requests/listing.ts and objects/many-deletes.ts.',
  'OSSN-0052':
    'Wattle has no client of the object store with a debug log, and shared/log leaves out what is called token or secret.',
  'FIX-SW-49017':
    'Bodies of the encoding aws-chunked are not decoded: object-store/routes.ts takes Content-Length and Transfer-Encoding chunked alone, and refuses others with 501.',
  'FIX-SW-71191':
    'There is no S3 API, so no presigned request exists to which headers could be added: object-store/routes.ts serves /v1 alone.',
  'FIX-SW-71192':
    'There is no S3 API through which headers of Swift could pass: object-store/routes.ts serves /v1 alone.',
};
