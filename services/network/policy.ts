/** Neutron's rules. A rule with a colon is checked when that attribute is in the body, or before it is shown. */
import type { Caller } from '#shared/auth/caller.ts';
import { may, type Policy, policyOf } from '#shared/auth/policy.ts';
import defaults from './default-rules.json' with { type: 'json' };

export const policy: Policy = policyOf(defaults, {
  // Targets name the attributes of their network `network:…`; Neutron looks up the fields of the network itself.
  shared: 'True:%(network:shared)s',
  external: 'True:%(network:router:external)s',
  external_network: 'True:%(network:router:external)s',
  // Neutron matches device_owner with a pattern, which targets hold as a flag.
  network_device: 'True:%(network_device)s',
});

/** Admins and services act for every project: they see all rows, and may name a project other than their own. */
export const actsForAll = (caller: Caller): boolean => may(caller, 'context_is_admin') || may(caller, 'service_api');
