/** Placement's rules: nearly everything is for administrators and services only. */
import { type Policy, policyOf } from '#shared/auth/policy.ts';
import defaults from './default-rules.json' with { type: 'json' };

export const policy: Policy = policyOf(defaults);
