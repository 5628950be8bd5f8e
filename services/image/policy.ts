/** Glance's rules. The target is the image: `project_id` is its owner, `member_id` a project it is shared with. */
import { type Policy, policyOf } from '#shared/auth/policy.ts';
import defaults from './default-rules.json' with { type: 'json' };

export const policy: Policy = policyOf(defaults);
