import type { Target } from '#shared/auth/policy.ts';
import type { RbacPolicy, RbacPolicyChange } from './resource.ts';

/** With whom the policy would share. */
export function rbacTarget({ targetProject }: RbacPolicyChange, before?: RbacPolicy): Target {
  const target = targetProject ?? before?.targetProject;
  return { target_tenant: target, target_project: target };
}
