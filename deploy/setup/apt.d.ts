import type { Package } from './packages.js';
/** Returns the packages that are still missing. */
export function ensurePackages(wanted: readonly Package[]): Promise<Package[]>;
