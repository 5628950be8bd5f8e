import type { Role } from '../roles/store.ts';
import type { AccessRule, ApplicationCredential } from './store.ts';

export const ruleView = ({ id, service, method, path }: AccessRule) => ({ id, service, method, path });

export const linkedRule = (rule: AccessRule, base: string) => ({
  ...ruleView(rule),
  links: { self: `${base}/v3/users/${rule.userId}/access_rules/${rule.id}` },
});

/** Without a time zone, as Keystone shows this timestamp. */
const bare = (us: number): string =>
  new Date(us / 1000).toISOString().replace(/\d{3}Z$/, String(us % 1_000_000).padStart(6, '0'));

export const credentialView = (
  { id, name, userId, projectId, description, expiresAtUs, unrestricted, roleIds }: ApplicationCredential,
  {
    roles,
    rules,
    base,
  }: { readonly roles: readonly Role[]; readonly rules?: readonly AccessRule[] | undefined; readonly base: string },
) => ({
  id,
  name,
  description,
  user_id: userId,
  project_id: projectId,
  system: null,
  expires_at: expiresAtUs === null ? null : bare(expiresAtUs),
  unrestricted,
  roles: roles
    .filter((role) => roleIds.includes(role.id))
    .map((role) => ({
      id: role.id,
      name: role.name,
      domain_id: role.domainId,
      description: role.description,
      options: role.options,
    })),
  ...(rules ? { access_rules: rules.map(ruleView) } : {}),
  links: { self: `${base}/v3/users/${userId}/application_credentials/${id}` },
});
