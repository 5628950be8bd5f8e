/** Imports users of another Keystone with their password hashes. Works with and without the running service. */
import type { Knex } from 'knex';
import { databaseOf, readCloud } from '#shared/config/cloud.ts';
import type { Settings } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { section } from '../config.ts';
import type { Identity } from '../context.ts';
import { isPublicId } from '../directories/public-id.ts';
import { listOptions } from '../domain-config/store.ts';
import { openHasher } from '../passwords/hasher.ts';
import type { Project } from '../projects/resource.ts';
import { findProject } from '../projects/store.ts';
import { newId } from '../resources/store.ts';
import { findDomainNamed } from '../tokens/scope.ts';
import { type ImportRow, readImport } from './import-rows.ts';
import { expiryOf } from './passwords.ts';
import { newUser, type User, user as users } from './resource.ts';
import { findUser } from './store.ts';

export interface ImportPlan {
  readonly fresh: readonly User[];
  /** Exist already, by id or by name. They are left unchanged. */
  readonly known: readonly User[];
  /** With any problem nothing is imported. */
  readonly problems: readonly string[];
}

export interface UserImport {
  plan(content: string): Promise<ImportPlan>;
  /** Inserts all users in one transaction. */
  run(plan: ImportPlan): Promise<void>;
  close(): Promise<void>;
}

type ImportParts = Pick<Identity, 'db' | 'hasher' | 'config'>;

export function openUserImport(settings: Settings): UserImport {
  const config = settings.read('identity', section);
  const db = openDatabase(config.database || databaseOf(readCloud(settings), 'identity'));
  const hasher = openHasher({ memory: config.argonKib, passes: config.argonPasses, atOnce: config.hashesAtOnce });
  return {
    plan: (content) => planImport({ db, hasher, config }, content),
    run: ({ fresh }) =>
      db.transaction(async (tx) => {
        for (const user of fresh) await users.rows.insert(tx, user);
      }),
    close: () => db.destroy(),
  };
}

async function planImport(parts: ImportParts, content: string): Promise<ImportPlan> {
  const { rows, problems } = readImport(content);
  const plan = { fresh: [] as User[], known: [] as User[], problems: [...problems] };
  const duplicateOf = openDuplicateCheck();
  for (const row of rows) {
    const found = await resolveRow(parts, row);
    const problem = typeof found === 'string' ? found : duplicateOf(found.user, row.where);
    if (problem !== undefined) plan.problems.push(`${row.where}: ${problem}`);
    else if (typeof found !== 'string') (found.isKnown ? plan.known : plan.fresh).push(found.user);
  }
  return plan;
}

/** Two rows for one user would make the result depend on the order of the file. */
function openDuplicateCheck() {
  const seen = new Map<string, string>();
  return ({ id, domainId, name }: User, where: string): string | undefined => {
    const keys = [`id ${id}`, `name ${domainId} ${name.toLowerCase()}`];
    const duplicate = keys.map((key) => seen.get(key)).find((found) => found !== undefined);
    for (const key of keys) seen.set(key, where);
    return duplicate && `is the same user as ${duplicate}`;
  };
}

/** The user of a row, or a sentence why it cannot be imported. */
async function resolveRow(parts: ImportParts, row: ImportRow): Promise<{ user: User; isKnown: boolean } | string> {
  const { db, hasher } = parts;
  const domain = await domainOf(db, row.domain);
  if (!domain) return `there is no domain ${row.domain}: create it first`;
  if (await hasLdapDirectory(db, domain.id)) return `the users of domain ${row.domain} are in its LDAP directory`;
  const known = (row.id && (await findUser(db, { id: row.id }))) || (await findLocalUserNamed(db, domain.id, row.name));
  if (known) return { user: known, isKnown: true };
  if (row.id && isPublicId(row.id)) return `id ${row.id} has the form of the id of an LDAP user`;
  if (!hasher.isImportable(row.hash))
    return 'hash is not bcrypt (cost 4 to 14), bcrypt-sha256, scrypt or pbkdf2-sha512, or costs too much';
  const project = row.defaultProject === undefined ? null : await projectOf(db, domain, row.defaultProject);
  if (project === undefined) return `there is no project ${row.defaultProject}: create it first, or leave it out`;
  return { user: userOf(parts, row, domain, project), isKnown: false };
}

function userOf(
  { config }: ImportParts,
  { id = newId(), name, hash, enabled, email }: ImportRow,
  domain: Project,
  project: Project | null,
): User {
  const now = Date.now();
  return {
    ...newUser(id, name, domain.id),
    enabled,
    passwordHash: hash,
    passwordAt: now,
    passwordExpiresAt: expiryOf(config, now),
    defaultProjectId: project?.id ?? null,
    extra: email === undefined ? {} : { email },
  };
}

const hasLdapDirectory = async (db: Knex, domainId: string): Promise<boolean> =>
  (await listOptions(db, { domainId, group: 'identity', option: 'driver' })).some(({ value }) => value === 'ldap');

const findLocalUserNamed = (db: Knex, domainId: string, name: string) => findUser(db, { domainId, name });

const domainOf = async (db: Knex, nameOrId: string): Promise<Project | undefined> =>
  (await findDomainNamed(db, { id: nameOrId })) ?? findDomainNamed(db, { name: nameOrId });

async function projectOf(db: Knex, { id: domainId }: Project, nameOrId: string): Promise<Project | undefined> {
  const found = (await findProject(db, { id: nameOrId })) ?? (await findProject(db, { domainId, name: nameOrId }));
  return found?.isDomain ? undefined : found;
}
