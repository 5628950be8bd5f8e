/** Cinder's error format, microversions and pages. */
import type { Version } from '#shared/api/versions.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import { faultFormats, nextLinks } from '#shared/http/fault-formats.ts';
import { microversions } from '#shared/http/microversions.ts';

export const oldest: Version = '3.0';
export const newest: Version = '3.71';

export const cinder = (identityUrl: string): Dialect => ({
  ...microversions({ service: 'volume', oldest, newest }),
  fault: faultFormats(identityUrl),
  page: nextLinks,
  strictSlash: true,
});
