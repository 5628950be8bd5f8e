import { bulkDelete } from './bulk-delete.ts';
import { copy } from './copy.ts';
import { crossOrigin } from './cors.ts';
import type { Feature } from './feature.ts';
import type { Filter } from './filter.ts';
import { formPost } from './form-post.ts';
import { staticLargeObjects } from './slo.ts';
import { staticWeb } from './static-web.ts';
import { temporaryUrl } from './temporary-url.ts';

/** In order: the first that matches a request answers it. */
export const features: readonly Feature[] = [bulkDelete, formPost, copy, staticLargeObjects];

/** From the outermost: each that matches a request sees it before the next one. */
export const filters: readonly Filter[] = [crossOrigin, temporaryUrl, staticWeb];
