import { randomBytes } from 'node:crypto';
import { type Claims, signToken } from '#shared/auth/token.ts';
import type { Identity } from '../context.ts';
import type { Authentication } from './method.ts';
import type { TokenScope } from './scope.ts';

export interface IssuedToken {
  readonly token: string;
  readonly claims: Claims;
}

/** `iat` is the time at which the login began. A token made from another token expires with it and keeps its audit chain id. */
export function issueToken(
  { tokenKeys, config }: Identity,
  { user, methods, parentToken, startedAt }: Authentication,
  { scope, roles, by, impersonated = user, endsAt = Number.POSITIVE_INFINITY, accessRules }: TokenScope,
  federated?: Claims['federated'],
): IssuedToken {
  const now = startedAt / 1000;
  const audit = randomBytes(16).toString('base64url');
  const chain = parentToken?.audit.at(-1);
  const claims: Claims = {
    sub: impersonated.id,
    name: impersonated.name,
    domain: impersonated.domainId,
    project:
      scope?.kind === 'project'
        ? { id: scope.project.id, name: scope.project.name, domain: scope.project.domainId }
        : null,
    domainScope: scope?.kind === 'domain' ? scope.domain.id : null,
    system: scope?.kind === 'system',
    roles: roles.map(({ name }) => name),
    methods,
    audit: chain === undefined ? [audit] : [audit, chain],
    iat: now,
    exp: Math.min(parentToken?.exp ?? now + config.tokenSeconds, endsAt),
    ...(by === undefined ? {} : { by }),
    ...(accessRules ? { accessRules } : {}),
    ...(federated ? { federated } : {}),
  };
  const { kid, key } = tokenKeys.signingKey();
  return { token: signToken(claims, kid, key), claims };
}
