/** The versions, faults, pages and headers of Nova's API. */
import type { Version } from '#shared/api/versions.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import { faultFormats, nextLinks } from '#shared/http/fault-formats.ts';
import { microversions } from '#shared/http/microversions.ts';

export const oldest: Version = '2.1';
export const newest: Version = '2.100';

export const nova = (identityUrl: string): Dialect => {
  const versions = microversions({ service: 'compute', oldest, newest, ownHeader: 'X-OpenStack-Nova-API-Version' });
  return {
    version: versions.version,
    fault: faultFormats(identityUrl),
    page: nextLinks,
    strictSlash: true,
    headers: (asked, requestId) => ({ 'x-compute-request-id': requestId, ...versions.headers(asked, requestId) }),
  };
};

/** The links of a resource: in this version of the API, and without a version. */
export const linksOf = (base: string, kind: string, id: string) => [
  { rel: 'self', href: `${base}/v2.1/${kind}/${id}` },
  bookmarkOf(base, kind, id),
];
export const bookmarkOf = (base: string, kind: string, id: string) => ({
  rel: 'bookmark',
  href: `${base}/${kind}/${id}`,
});

/** Nova's maximum size of a page. */
export const mostPerPage = 1000;
