/** Glance's rules. The target is the image: `project_id` is its owner, `member_id` a project it is shared with. */
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
  },
);
