/**
 * Glance's rules. The target is the image, or the namespace of metadata definitions: `project_id` is its owner, `member_id` a
 * project that an image is shared with.
 */
import { type Policy, policyOf } from '#shared/auth/policy.ts';
import { columnOf } from '#shared/db/condition.ts';
import defaults from './default-rules.json' with { type: 'json' };

export const policy: Policy = policyOf(
  defaults,
  {},
  {
    get_image: {
      project_id: 'owner',
      visibility: 'visibility',
      member_id: columnOf('image_members', 'memberId', 'id', 'imageId'),
    },
    get_metadef_namespace: { project_id: 'owner', visibility: 'visibility' },
  },
);
