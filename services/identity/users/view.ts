import type { User } from './store.ts';

/** No view contains a password or its hash. */
export const userView = (
  { id, name, domainId, enabled, defaultProjectId, passwordExpiresAt, options, extra }: User,
  base: string,
) => ({
  ...extra,
  id,
  name,
  domain_id: domainId,
  enabled,
  ...(defaultProjectId === null ? {} : { default_project_id: defaultProjectId }),
  password_expires_at:
    passwordExpiresAt === null ? null : new Date(passwordExpiresAt).toISOString().replace('Z', '000'),
  options,
  links: { self: `${base}/v3/users/${id}` },
});
