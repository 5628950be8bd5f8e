/** Cinder's rules, with one of Wattle's own. */
import { type Policy, policyOf } from '#shared/auth/policy.ts';
import defaults from './default-rules.json' with { type: 'json' };

export const policy: Policy = policyOf(defaults, {
  // Who may read the CHAP secret of an attachment without connecting it.
  'volume:attachment_secrets': 'role:admin or role:service or service_roles:service',
});
