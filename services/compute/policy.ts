/** Nova's rules. */
import { type Policy, policyOf } from '#shared/auth/policy.ts';
import defaults from './default-rules.json' with { type: 'json' };

export const policy: Policy = policyOf(defaults);
