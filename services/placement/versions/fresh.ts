/** From 1.15 every answer says how old it is, and that nobody shall keep it. */
import { atLeast, type Version } from '#shared/api/versions.ts';

export const fresh = (version: Version, modifiedMs = Date.now()): Record<string, string> =>
  atLeast(version, '1.15') ? { 'last-modified': new Date(modifiedMs).toUTCString(), 'cache-control': 'no-cache' } : {};
