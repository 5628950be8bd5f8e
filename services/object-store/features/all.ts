import { bulkDelete } from './bulk-delete.ts';
import { copy } from './copy.ts';
import { crossOrigin } from './cors.ts';
import { extractArchive } from './extract-archive.ts';
import type { Feature } from './feature.ts';
import type { Filter } from './filter.ts';
import { formPost } from './form-post.ts';
import { staticLargeObjects } from './slo.ts';
import { staticWeb } from './static-web.ts';
import { symlink } from './symlink.ts';
import { temporaryUrl } from './temporary-url.ts';
import { objectVersions, versionListing } from './versions.ts';

/** In order: the first that matches a request answers it. */
export const features: readonly Feature[] = [
  bulkDelete,
  extractArchive,
  formPost,
  objectVersions,
  versionListing,
  copy,
  symlink,
  staticLargeObjects,
];

/** From the outermost: each that matches a request sees it before the next one. */
export const filters: readonly Filter[] = [crossOrigin, temporaryUrl, staticWeb];
