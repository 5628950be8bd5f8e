/** The last-modified and cache-control headers of every response from 1.15. */
import { atLeast, type Version } from '#shared/api/versions.ts';

export const cacheHeaders = (version: Version, modifiedMs = Date.now()): Record<string, string> =>
  atLeast(version, '1.15') ? { 'last-modified': new Date(modifiedMs).toUTCString(), 'cache-control': 'no-cache' } : {};
