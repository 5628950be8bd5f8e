import { bulkDelete } from './bulk-delete.ts';
import { copy } from './copy.ts';
import type { Feature } from './feature.ts';
import { staticLargeObjects } from './slo.ts';

/** In order: the first that matches a request answers it. */
export const features: readonly Feature[] = [bulkDelete, copy, staticLargeObjects];
