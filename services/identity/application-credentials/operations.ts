import { randomBytes } from 'node:crypto';
import { badRequest, conflict, forbidden } from '#shared/errors/fault.ts';
import { effectiveRoles, withImplied } from '../assignments/effective.ts';
import type { Identity } from '../context.ts';
import { revokeForGood } from '../keys/revoke.ts';
import { newId } from '../projects/operations.ts';
import { findProject } from '../projects/store.ts';
import { listImplications, type Role } from '../roles/store.ts';
import { parseMicros } from '../tokens/timestamps.ts';
import { type AccessRule, type ApplicationCredential, accessRules, applicationCredentials } from './store.ts';

export interface RuleInput {
  readonly id?: string;
  readonly service?: string;
  readonly method?: string;
  readonly path?: string;
}
export interface CredentialInput {
  readonly id?: string;
  readonly name: string;
  readonly secret?: string | null;
  readonly description?: string | null;
  readonly expires_at?: string | null;
  readonly roles?: readonly { readonly id?: string; readonly name?: string }[] | null;
  readonly unrestricted?: boolean | null;
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
  input: CredentialInput,
): Promise<CreatedCredential> {
  const { db, hasher } = identity;
  const secret = input.secret ?? randomBytes(64).toString('base64url');
  const held = (await rolesOf(identity, userId, projectId)).filter(({ name }) => roles?.includes(name) ?? true);
  const expiresAtUs = parseMicros(input.expires_at, 'expires_at');
  if (expiresAtUs !== null && expiresAtUs <= Date.now() * 1000) throw badRequest('expires_at is in the past.');
  const credential = {
    id: newId(),
    name: input.name,
    userId,
    projectId,
    secretHash: await hasher.hash(secret),
    description: input.description ?? null,
    expiresAtUs,
    unrestricted: input.unrestricted ?? false,
    roleIds:
      input.roles && input.roles.length > 0
        ? withImplied(
            input.roles.map((each) => heldRole(each, held).id),
            await listImplications(db),
          )
        : held.map(({ id }) => id),
  };
  const made = await db.transaction(async (tx) => {
    if (await applicationCredentials.find(tx, { userId, name: input.name }))
      throw conflict(
        `Conflict occurred attempting to store application_credential - Duplicate entry found with name ${input.name}.`,
      );
    const rules = input.access_rules?.length
      ? await ensureRules({ ...identity, db: tx }, userId, input.access_rules)
      : null;
    const whole = { ...credential, accessRules: rules };
    await applicationCredentials.insert(tx, whole);
    return whole;
  });
  return { credential: made, secret };
}

export async function rolesOf(identity: Identity, userId: string, projectId: string): Promise<Role[]> {
  const project = await findProject(identity.db, { id: projectId });
  return project ? effectiveRoles(identity, userId, { kind: 'project', project }) : [];
}

function heldRole(input: { readonly id?: string; readonly name?: string }, held: readonly Role[]): Role {
  const role = held.find(({ id, name }) => (input.id === undefined ? name === input.name : id === input.id));
  if (!role)
    throw badRequest(`Invalid application credential: you have no role ${input.id ?? input.name} on this project.`);
  return role;
}

/** Equal access rules of a user are one row. */
async function ensureRules(
  { db }: Pick<Identity, 'db'>,
  userId: string,
  inputs: readonly RuleInput[],
): Promise<string[]> {
  const ids: string[] = [];
  for (const { id, service = '', method = '', path = '' } of inputs) {
    const where = id === undefined ? { userId, service, method, path } : { userId, id };
    const known = await accessRules.find(db, where);
    if (!known && id !== undefined) throw badRequest(`There is no access rule ${id}.`);
    const rule: AccessRule = known ?? { id: newId(), userId, service, method, path };
    if (!known) await accessRules.insert(db, rule);
    ids.push(rule.id);
  }
  return ids;
}

/** Deletes the credential and revokes its tokens. */
export async function deleteCredential(identity: Identity, { id }: ApplicationCredential): Promise<void> {
  await identity.db.transaction(async (tx) => {
    await revokeForGood(identity, tx, { by: `app:${id}` });
    await applicationCredentials.remove(tx, { id });
  });
  await identity.tokenKeysChanged();
}

export async function deleteRule({ db }: Identity, { id, userId }: AccessRule): Promise<void> {
  const users = await applicationCredentials.listWhere(db, { userId });
  if (users.some((each) => each.accessRules?.includes(id)))
    throw forbidden(`Cannot delete access rule ${id}: an application credential uses it.`);
  await accessRules.remove(db, { id });
}

export async function rulesOf(
  { db }: Pick<Identity, 'db'>,
  credential: ApplicationCredential,
): Promise<AccessRule[] | undefined> {
  if (!credential.accessRules?.length) return undefined;
  const all = await accessRules.listWhere(db, { userId: credential.userId });
  return all.filter(({ id }) => credential.accessRules?.includes(id));
}
