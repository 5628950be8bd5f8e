import type { Role } from './store.ts';

/** A role as Keystone shows it, in its own answers and in those of delegations. */
export const roleView = ({ id, name, domainId, description, options, extra }: Role, base: string) => ({
  ...extra,
  id,
  name,
  domain_id: domainId,
  description,
  options,
  links: { self: `${base}/v3/roles/${id}` },
});
