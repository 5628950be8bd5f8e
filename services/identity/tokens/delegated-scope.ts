/** The scope of a token that is made from a trust, an application credential or an OAuth access token. */
import { forbidden, unauthorized } from '#shared/errors/fault.ts';
import { rolesOf, rulesOf } from '../application-credentials/operations.ts';
import type { ApplicationCredential } from '../application-credentials/resource.ts';
import { effectiveRoles, withImplied } from '../assignments/effective.ts';
import type { Identity } from '../context.ts';
import { findUser } from '../directories/users-and-groups.ts';
import type { AccessToken } from '../oauth/resource.ts';
import { findProject } from '../projects/store.ts';
import { listImplications } from '../roles/store.ts';
import { findTrust } from '../trusts/operations.ts';
import { acquireUse } from '../trusts/store.ts';
import type { User } from '../users/resource.ts';
import { refuseDisabled } from './refuse-disabled.ts';
import { isProjectEnabled, type TokenScope } from './scope.ts';

/** The project of the credential, with those of its roles that the owner still has. */
export async function credentialScope(identity: Identity, credential: ApplicationCredential): Promise<TokenScope> {
  const project = await findProject(identity.db, { id: credential.projectId });
  if (!project || !(await isProjectEnabled(identity.db, project))) throw unauthorized();
  const held = await rolesOf(identity, credential.userId, project.id);
  const roles = held.filter(({ id }) => credential.roleIds.includes(id));
  if (roles.length === 0) throw unauthorized();
  const rules = await rulesOf(identity, credential);
  return {
    scope: { kind: 'project', project },
    roles,
    by: `app:${credential.id}`,
    ...(credential.expiresAtUs === null ? {} : { endsAt: credential.expiresAtUs / 1_000_000 }),
    ...(rules ? { accessRules: rules.map(({ id, service, method, path }) => ({ id, service, method, path })) } : {}),
  };
}

/** The project of the access token, with those of its roles (and implied roles) that the user still has. */
export async function accessTokenScope(identity: Identity, token: AccessToken): Promise<TokenScope> {
  const project = await findProject(identity.db, { id: token.projectId });
  if (!project || !(await isProjectEnabled(identity.db, project))) throw unauthorized();
  const granted = withImplied(token.roleIds, await listImplications(identity.db));
  const roles = (await rolesOf(identity, token.userId, project.id)).filter(({ id }) => granted.includes(id));
  if (roles.length === 0) throw unauthorized();
  return {
    scope: { kind: 'project', project },
    roles,
    by: `oauth:${token.id}`,
    ...(token.expiresAt === null ? {} : { endsAt: token.expiresAt / 1000 }),
  };
}

/** Only the trustee may use a trust, and only while the trustor has all of its roles and the roles they imply. */
export async function trustScope(identity: Identity, user: User, id: string): Promise<TokenScope> {
  const { db } = identity;
  const trust = await findTrust(identity, id);
  if (!trust) throw unauthorized();
  if (trust.trusteeId !== user.id) throw forbidden('The trust was given to another user.');
  const trustor = await findUser(identity, trust.trustorId);
  if (!trustor) throw forbidden('The trustor is gone.');
  await refuseDisabled(identity, trustor).catch(() => {
    throw forbidden('The trustor is disabled.');
  });
  const project = trust.projectId === null ? undefined : await findProject(db, { id: trust.projectId });
  if (trust.projectId !== null && !(project && (await isProjectEnabled(db, project)))) throw unauthorized();
  const scope = project ? ({ kind: 'project', project } as const) : null;
  const held = scope ? await effectiveRoles(identity, trustor.id, scope) : [];
  const granted = withImplied(trust.roleIds, await listImplications(db));
  const roles = held.filter(({ id: role }) => granted.includes(role));
  if (roles.length < granted.length) throw forbidden('The trustor has lost a role that the trust gives.');
  if (trust.remainingUses !== null && !(await acquireUse(db, id))) throw unauthorized();
  return {
    scope,
    roles,
    by: `trust:${id}`,
    ...(trust.impersonation ? { impersonated: trustor } : {}),
    ...(trust.expiresAt === null ? {} : { endsAt: trust.expiresAt / 1000 }),
  };
}
