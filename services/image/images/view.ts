import type { Call } from '#shared/http/route.ts';
import { viewOf } from '#shared/resource/view.ts';
import { imageAttributes } from './attributes.ts';
import type { Image } from './store.ts';

const view = viewOf(imageAttributes);

export const imageView = (image: Image, call: Pick<Call, 'may'>): Record<string, unknown> => ({
  ...image.properties,
  ...view(image, call),
});

/** The target of policy rules. */
export const imageTarget = (image: Image, memberId?: string | null): Record<string, unknown> => ({
  project_id: image.owner,
  owner: image.owner,
  visibility: image.visibility,
  ...(memberId === undefined ? {} : { member_id: memberId }),
});
