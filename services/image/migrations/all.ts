import { images } from './001-images.ts';
import { staging } from './002-staging.ts';
import { imports } from './003-imports.ts';
import { reservations } from './004-reservations.ts';

/** In the order in which they run. */
export const migrations = [images, staging, imports, reservations];
