/** The body of a token as Keystone shows it, from its claims and from rows that are cached for at most a second. */
import type { Knex } from 'knex';
import type { Claims } from '#shared/auth/token.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { applicationCredential } from '../application-credentials/resource.ts';
import { buildCatalog } from '../catalog/build.ts';
import type { Identity } from '../context.ts';
import { isPublicId } from '../directories/public-id.ts';
import { serviceProvider } from '../federation/resource.ts';
import { accessToken } from '../oauth/resource.ts';
import { findProject } from '../projects/store.ts';
import { formatTimestamp } from '../resources/values.ts';
import { isGlobal } from '../roles/resource.ts';
import { listAllRoles } from '../roles/store.ts';
import { trust as trusts } from '../trusts/resource.ts';
import type { User } from '../users/resource.ts';
import { findUser } from '../users/store.ts';

type Facts = Pick<Identity, 'db' | 'facts'>;

export async function tokenView(
  identity: Facts,
  claims: Claims,
  { catalog }: { readonly catalog: boolean },
): Promise<Record<string, unknown>> {
  const { db } = identity;
  const user = await userOf(identity, claims);
  if (!user) throw unauthorized();
  return {
    methods: claims.methods,
    user: {
      id: user.id,
      name: user.name,
      domain: await domainOf(identity, user.domainId),
      ...(claims.federated ? federatedView(claims.federated) : passwordView(user)),
    },
    audit_ids: claims.audit,
    expires_at: formatTimestamp(claims.exp * 1000),
    issued_at: formatTimestamp(claims.iat * 1000),
    ...(await scopeView(identity, claims)),
    ...(await delegationView(db, claims)),
    ...(await rolesView(identity, claims)),
    ...(await serviceProvidersView(identity)),
    ...(catalog && isScoped(claims)
      ? { catalog: await buildCatalog(identity, { projectId: claims.project?.id ?? null, userId: user.id }) }
      : {}),
  };
}

/** Directories are asked at login only: for their users the claims hold the name and the domain. */
async function userOf(
  { db, facts }: Facts,
  { sub: id, name, domain: domainId }: Claims,
): Promise<Pick<User, 'id' | 'name' | 'domainId' | 'passwordExpiresAt'> | undefined> {
  const row = await facts.get(`user ${id}`, () => findUser(db, { id }));
  if (row || !isPublicId(id)) return row;
  return { id, name, domainId, passwordExpiresAt: null };
}

const passwordView = ({ passwordExpiresAt: at }: Pick<User, 'passwordExpiresAt'>) => ({
  password_expires_at: at === null ? null : formatTimestamp(at),
});

const federatedView = ({ idp, protocol, groups }: NonNullable<Claims['federated']>) => ({
  'OS-FEDERATION': {
    identity_provider: { id: idp },
    protocol: { id: protocol },
    groups: groups.map((id) => ({ id })),
  },
});

/** The service providers that accept assertions of this cloud. */
async function serviceProvidersView({ db, facts }: Facts): Promise<Record<string, unknown>> {
  const found = await facts.get('service providers', () => serviceProvider.rows.where(db, { enabled: true }));
  if (found.length === 0) return {};
  return { service_providers: found.map(({ id, authUrl, spUrl }) => ({ id, auth_url: authUrl, sp_url: spUrl })) };
}

async function delegationView(db: Knex, { by = '', accessRules }: Claims): Promise<Record<string, unknown>> {
  const [kind, id = ''] = by.split(':');
  if (kind === 'app') {
    const credential = await applicationCredential.rows.find(db, { id });
    if (!credential) throw unauthorized();
    const rules = accessRules ? { access_rules: accessRules } : {};
    return { application_credential: { id, name: credential.name, restricted: !credential.unrestricted, ...rules } };
  }
  if (kind === 'oauth') {
    const token = await accessToken.rows.find(db, { id });
    if (!token) throw unauthorized();
    return { 'OS-OAUTH1': { access_token_id: id, consumer_id: token.consumerId } };
  }
  if (kind !== 'trust') return {};
  const trust = await trusts.rows.find(db, { id });
  if (!trust) throw unauthorized();
  const { impersonation, trustorId, trusteeId } = trust;
  return {
    'OS-TRUST:trust': { id, impersonation, trustor_user: { id: trustorId }, trustee_user: { id: trusteeId } },
  };
}

export const isScoped = ({ project, domainScope, system }: Claims): boolean =>
  project !== null || domainScope !== null || system;

const projectOf = ({ db, facts }: Facts, id: string) => facts.get(`project ${id}`, () => findProject(db, { id }));

const domainOf = async (identity: Facts, id: string) => ({ id, name: (await projectOf(identity, id))?.name ?? id });

async function scopeView(identity: Facts, { project, domainScope, system }: Claims): Promise<Record<string, unknown>> {
  if (system) return { system: { all: true } };
  if (domainScope !== null) return { domain: await domainOf(identity, domainScope) };
  if (project === null) return {};
  const now = await projectOf(identity, project.id);
  const domain = await domainOf(identity, project.domain);
  return { project: { id: project.id, name: now?.name ?? project.name, domain }, is_domain: now?.isDomain ?? false };
}

async function rolesView({ db, facts }: Facts, claims: Claims): Promise<Record<string, unknown>> {
  if (!isScoped(claims)) return {};
  const roles = await facts.get('roles', () => listAllRoles(db));
  return {
    roles: roles
      .filter((each) => isGlobal(each) && claims.roles.includes(each.name))
      .map(({ id, name }) => ({ id, name })),
  };
}
