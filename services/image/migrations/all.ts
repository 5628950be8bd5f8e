import { images } from './001-images.ts';
import { staging } from './002-staging.ts';

/** In the order in which they run. */
export const migrations = [images, staging];
