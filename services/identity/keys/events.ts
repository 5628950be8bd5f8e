/**
 * Revocations in the form of OS-REVOKE: the token attributes that must match, and the time before which it was issued.
 */
import type { Revocation } from '#shared/auth/revocations.ts';
import { own } from '#shared/input/own.ts';
import { formatTimestamp } from '../resources/values.ts';

/** The key of the delegation that a token was made from, by kind. */
const delegations: Readonly<Record<string, string>> = {
  trust: 'OS-TRUST:trust_id',
  oauth: 'OS-OAUTH1:access_token_id',
  app: 'application_credential_id',
};

export function eventView({ audit, chain, user, project, domain, by = '', before }: Revocation) {
  const [kind = '', id] = by.split(':');
  return {
    ...(audit === undefined ? {} : { audit_id: audit }),
    ...(chain === undefined ? {} : { audit_chain_id: chain }),
    ...(user === undefined ? {} : { user_id: user }),
    ...(project === undefined ? {} : { project_id: project }),
    ...(domain === undefined ? {} : { domain_scope_id: domain }),
    ...(own(delegations, kind) === undefined ? {} : { [own(delegations, kind) as string]: id }),
    issued_before: formatTimestamp(before * 1000),
    // revokeForGood() sets a time in the future
    revoked_at: formatTimestamp(Math.min(before * 1000, Date.now())),
  };
}
