import type { Call } from '#shared/http/route.ts';
import { viewOf } from '#shared/resource/view.ts';
import type { Copy } from '../copies/store.ts';
import { imageAttributes } from './attributes.ts';
import type { Image } from './store.ts';

const view = viewOf(imageAttributes);

export const imageView = (image: Image, call: Pick<Call, 'may'>): Record<string, unknown> => ({
  ...image.properties,
  ...view(image, call),
  ...copiesView(image),
});

/** Once an image was copied it says which copies are made and which have failed, as Glance's does. */
function copiesView({ store, copies }: Image): Record<string, string> {
  const storesIn = (wanted: Copy['state']) => copies.filter(({ state }) => state === wanted).map((copy) => copy.store);
  if (copies.length === 0) return {};
  return {
    ...(store === null ? {} : { stores: [store, ...storesIn('ready')].join(',') }),
    os_glance_importing_to_stores: storesIn('importing').join(','),
    os_glance_failed_import: storesIn('failed').join(','),
  };
}

/** The target of policy rules. */
export const imageTarget = (image: Image, memberId?: string | null): Record<string, unknown> => ({
  project_id: image.owner,
  owner: image.owner,
  visibility: image.visibility,
  ...(memberId === undefined ? {} : { member_id: memberId }),
});
