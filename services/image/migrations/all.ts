import { images } from './001-images.ts';
import { staging } from './002-staging.ts';
import { imports } from './003-imports.ts';
import { reservations } from './004-reservations.ts';

/** In order of execution. */
export const migrations = [images, staging, imports, reservations];
