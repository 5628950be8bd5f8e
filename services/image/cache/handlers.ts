/** Glance's cache of images at its API. There is none here: hosts keep what they have read. */
import { Fault } from '#shared/errors/fault.ts';
import type { Handler } from '#shared/http/route.ts';
import type { Images } from '../context.ts';

/** As a Glance that was set up without a cache. */
export const refuseCache: Handler<Images> = async () => {
  throw new Fault(404, 'notFound', 'Caching via API is not supported at this site.');
};
