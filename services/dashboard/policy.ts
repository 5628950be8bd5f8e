/** This service has no rules: the services that it calls decide with the token of the session. */
import { type Policy, policyOf } from '#shared/auth/policy.ts';

export const policy: Policy = policyOf([]);
