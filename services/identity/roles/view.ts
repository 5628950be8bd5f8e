import type { Role } from './store.ts';

/** As Keystone shows a role, here and where a delegation names it. */
export const roleView = ({ id, name, domainId, description, options, extra }: Role, base: string) => ({
  ...extra,
  id,
  name,
  domain_id: domainId,
  description,
  options,
  links: { self: `${base}/v3/roles/${id}` },
});
