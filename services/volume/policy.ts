/** Cinder's rules, with those of Wattle's own, and the rules that select rows. */
import { type Policy, policyOf } from '#shared/auth/policy.ts';
import defaults from './default-rules.json' with { type: 'json' };

const own = {
  // Another service, by its own token or by the one that it sends beside its caller's.
  service_api: 'role:service or service_roles:service',
  // Who may act in the project that a path names, whatever its own is.
  'volume:act_in_any_project': 'role:service and rule:context_is_admin',
  // Who may read the CHAP secret of an attachment without connecting it.
  'volume:attachment_secrets': 'rule:context_is_admin or rule:service_api',
  // Who gets the keys of encrypted volumes: those whose hosts decrypt.
  'volume:encryption_keys': 'rule:service_api',
};

const selecting = [
  'volume:get',
  'volume:get_all',
  'volume:get_snapshot',
  'volume:get_all_snapshots',
  'volume:get_transfer',
  'volume:get_all_transfers',
  'group:get',
  'group:get_all',
  'group:get_group_snapshot',
  'group:get_all_group_snapshots',
  'backup:get',
  'backup:get_all',
];

export const policy: Policy = policyOf(
  defaults,
  own,
  Object.fromEntries(selecting.map((rule) => [rule, { project_id: 'projectId' }])),
);
