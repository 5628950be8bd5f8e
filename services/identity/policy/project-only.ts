/** Rules for tokens of project scope only. */
import type { Policy } from '#shared/auth/policy.ts';
import { admin } from './aliases.ts';

export const projectOnly: Policy = {
  'identity:authorize_request_token': admin,
  'identity:get_access_token': admin,
  'identity:get_access_token_role': admin,
  'identity:list_access_tokens': admin,
  'identity:list_access_token_roles': admin,
  'identity:delete_access_token': admin,

  'identity:create_application_credential': 'user_id:%(user_id)s',

  'identity:create_trust': 'user_id:%(target.trust.trustor_user_id)s',
};
