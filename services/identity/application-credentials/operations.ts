import { randomBytes } from 'node:crypto';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import type { Body } from '#shared/resource/body.ts';
import { effectiveRoles, withImplied } from '../assignments/effective.ts';
import type { Identity } from '../context.ts';
import { revokeForGood } from '../keys/revoke.ts';
import { findProject } from '../projects/store.ts';
import { newId } from '../resources/store.ts';
import { parseMicros } from '../resources/values.ts';
import { type NamedRole, type Role, roleNamed } from '../roles/resource.ts';
import { listImplications } from '../roles/store.ts';
import { type AccessRule, type ApplicationCredential, accessRule, applicationCredential } from './resource.ts';

export interface RuleInput {
  readonly id?: string;
  readonly service?: string;
  readonly method?: string;
  readonly path?: string;
}
/** What a body has beside the attributes that the definition reads. */
export interface CredentialInput extends Body {
  readonly secret?: string | null;
  readonly expires_at?: string | null;
  readonly roles?: readonly NamedRole[] | null;
  readonly access_rules?: readonly RuleInput[] | null;
}

/** User and project of the token that makes the credential, and its role names where the token is delegated. */
export interface Owner {
  readonly userId: string;
  readonly projectId: string;
  readonly roles?: readonly string[];
}

export interface CreatedCredential {
  readonly credential: ApplicationCredential;
  /** Shown once. */
  readonly secret: string;
}

/** Creates a credential for the project of the token, with roles that the user has there, and those they imply. */
export async function createCredential(
  identity: Identity,
  { userId, projectId, roles }: Owner,
  body: CredentialInput,
): Promise<CreatedCredential> {
  const { db, hasher } = identity;
  const secret = body.secret ?? randomBytes(64).toString('base64url');
  const held = (await rolesOf(identity, userId, projectId)).filter(({ name }) => roles?.includes(name) ?? true);
  const expiresAtUs = parseMicros(body.expires_at, 'expires_at');
  if (expiresAtUs !== null && expiresAtUs <= Date.now() * 1000) throw badRequest('expires_at is in the past.');
  const row = {
    ...applicationCredential.create(body),
    id: newId(),
    userId,
    projectId,
    expiresAtUs,
    secretHash: await hasher.hash(secret),
    roleIds: body.roles?.length
      ? withImplied(
          body.roles.map((each) => heldRole(each, held).id),
          await listImplications(db),
        )
      : held.map(({ id }) => id),
  };
  const credential = await db.transaction(async (tx) => {
    await applicationCredential.rows.refuseTaken(tx, { ...row, accessRules: null });
    const rules = body.access_rules?.length ? await ensureRules(tx, userId, body.access_rules) : null;
    const whole = { ...row, accessRules: rules };
    await applicationCredential.rows.insert(tx, whole);
    return whole;
  });
  return { credential, secret };
}

export async function rolesOf(identity: Identity, userId: string, projectId: string): Promise<Role[]> {
  const project = await findProject(identity.db, { id: projectId });
  return project ? effectiveRoles(identity, userId, { kind: 'project', project }) : [];
}

function heldRole(input: NamedRole, held: readonly Role[]): Role {
  const found = roleNamed(held, input);
  if (!found)
    throw badRequest(`Invalid application credential: you have no role ${input.id ?? input.name} on this project.`);
  return found;
}

/** Equal access rules of a user are one row. */
async function ensureRules(db: Identity['db'], userId: string, inputs: readonly RuleInput[]): Promise<string[]> {
  const ids: string[] = [];
  for (const { id, service = '', method = '', path = '' } of inputs) {
    const where = id === undefined ? { userId, service, method, path } : { userId, id };
    const known = await accessRule.rows.find(db, where);
    if (!known && id !== undefined) throw badRequest(`There is no access rule ${id}.`);
    const rule: AccessRule = known ?? { id: newId(), userId, service, method, path };
    if (!known) await accessRule.rows.insert(db, rule);
    ids.push(rule.id);
  }
  return ids;
}

/** Deletes the credential and revokes its tokens. */
export async function deleteCredential(identity: Identity, { id }: ApplicationCredential): Promise<void> {
  await identity.db.transaction(async (tx) => {
    await revokeForGood(identity, tx, { by: `app:${id}` });
    await applicationCredential.rows.remove(tx, { id });
  });
  await identity.tokenKeysChanged();
}

export async function deleteRule({ db }: Identity, { id, userId }: AccessRule): Promise<void> {
  const users = await applicationCredential.rows.where(db, { userId });
  if (users.some((each) => each.accessRules?.includes(id)))
    throw forbidden(`Cannot delete access rule ${id}: an application credential uses it.`);
  await accessRule.rows.remove(db, { id });
}

export async function rulesOf(
  { db }: Pick<Identity, 'db'>,
  credential: ApplicationCredential,
): Promise<AccessRule[] | undefined> {
  if (!credential.accessRules?.length) return undefined;
  const all = await accessRule.rows.where(db, { userId: credential.userId });
  return all.filter(({ id }) => credential.accessRules?.includes(id));
}
