/** First data: the default domain, two projects, the roles, the catalog, and a user for each service. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { lockFirstRows } from '#shared/db/migrate.ts';
import { ensureAssignment } from '../assignments/store.ts';
import type { Identity } from '../context.ts';
import { findProject, insertProject } from '../projects/store.ts';
import { newId } from '../resources/store.ts';
import { isGlobal, role as roleResource } from '../roles/resource.ts';
import { ensureImplication, listAllRoles } from '../roles/store.ts';
import { newUser, user } from '../users/resource.ts';
import { findUser } from '../users/store.ts';
import { ensureCatalog } from './catalog.ts';

const roles = ['admin', 'manager', 'member', 'reader', 'service'] as const;
/**
 * Each has the role service. nova and cinder act in projects of others, which other APIs allow administrators only; glance
 * keeps images in the object store's account of project service.
 */
const serviceUsers = {
  nova: ['admin', 'service'],
  cinder: ['admin', 'service'],
  glance: ['member', 'service'],
  neutron: ['service'],
  placement: ['service'],
  swift: ['service'],
} as const;
const serviceNames = Object.keys(serviceUsers);

/** Idempotent: a start that was interrupted is completed by the next. */
export async function seed(identity: Identity): Promise<void> {
  const { db } = identity;
  const passwords = await hashedPasswords(identity);
  await db.transaction(async (tx) => {
    await lockFirstRows(tx);
    await ensureDomain(tx);
    const projects = {
      admin: await ensureProject(tx, 'admin', 'Bootstrap project for initializing the cloud.'),
      service: await ensureProject(tx, 'service', ''),
    };
    const roleIds = await ensureRoles(tx);
    const admin = await ensureUser(tx, 'admin', passwords.get('admin'));
    const adminRole = roleIds.get('admin') ?? '';
    for (const targetId of [projects.admin, 'all'])
      await ensureAssignment(tx, {
        actorKind: 'user',
        actorId: admin,
        targetKind: targetId === 'all' ? 'system' : 'project',
        targetId,
        roleId: adminRole,
        inherited: false,
      });
    for (const [name, held] of Object.entries(serviceUsers)) {
      const actorId = await ensureUser(tx, name, passwords.get(name));
      for (const role of held)
        await ensureAssignment(tx, {
          actorKind: 'user',
          actorId,
          targetKind: 'project',
          targetId: projects.service,
          roleId: roleIds.get(role) ?? '',
          inherited: false,
        });
    }
    await ensureCatalog(tx, identity);
  });
}

async function ensureDomain(tx: Knex): Promise<void> {
  if (await findProject(tx, { id: 'default' })) return;
  const domain = { id: 'default', name: 'Default', domainId: 'default', parentId: null, isDomain: true, enabled: true };
  await insertProject(tx, { ...domain, description: 'The default domain', options: {}, extra: {} });
}

async function ensureProject(tx: Knex, name: string, description: string): Promise<string> {
  const known = await findProject(tx, { name, domainId: 'default' });
  if (known) return known.id;
  const id = newId();
  await insertProject(tx, {
    id,
    name,
    domainId: 'default',
    parentId: 'default',
    isDomain: false,
    enabled: true,
    description,
    options: {},
    extra: {},
  });
  return id;
}

/** admin implies manager, manager implies member, member implies reader. */
async function ensureRoles(tx: Knex): Promise<ReadonlyMap<string, string>> {
  const known = new Map((await listAllRoles(tx)).filter(isGlobal).map(({ name, id }) => [name, id]));
  for (const name of roles) {
    if (known.has(name)) continue;
    const id = newId();
    await roleResource.rows.insert(tx, {
      id,
      name,
      domainKey: '',
      description: null,
      options: { immutable: true },
      extra: {},
    });
    known.set(name, id);
  }
  for (const [prior, implied] of [
    ['admin', 'manager'],
    ['manager', 'member'],
    ['member', 'reader'],
  ] as const)
    await ensureImplication(tx, { priorId: known.get(prior) ?? '', impliedId: known.get(implied) ?? '' });
  return known;
}

async function ensureUser(tx: Knex, name: string, passwordHash: string | undefined): Promise<string> {
  const known = await findUser(tx, { domainId: 'default', name });
  if (known) {
    if (passwordHash !== undefined) await user.rows.update(tx, known.id, { passwordHash });
    return known.id;
  }
  const id = newId();
  const password = { passwordHash: passwordHash ?? null, passwordAt: Date.now() };
  await user.rows.insert(tx, { ...newUser(id, name, 'default'), ...password });
  return id;
}

/**
 * Passwords from the files of set-up. The password of a service is replaced whenever its file changes; that of admin
 * is set only once. Throws when they are those of another cloud.
 */
async function hashedPasswords({ db, cloud, hasher }: Identity): Promise<ReadonlyMap<string, string>> {
  const hashed = new Map<string, string>();
  const known = new Set<string>();
  const work = ['admin', ...serviceNames].map(async (name) => {
    const password = (await readFile(join(cloud.var, 'secrets', name), 'utf8')).trim();
    const user = await findUser(db, { domainId: 'default', name });
    if (user && name !== 'admin') known.add(name);
    const isKept = user && (name === 'admin' || (await hasher.verify(password, user.passwordHash)));
    const hash = isKept ? user.passwordHash : await hasher.hash(password);
    if (name !== 'admin' && hash !== null) hasher.learn(password, hash);
    if (!isKept && hash !== null) hashed.set(name, hash);
  });
  await Promise.all(work);
  refuseOtherSecrets(hashed, known);
  return hashed;
}

/** One changed password is a rotation. When all of them differ, the files are those of another cloud. */
function refuseOtherSecrets(hashed: ReadonlyMap<string, string>, known: ReadonlySet<string>): void {
  const changed = [...known].filter((name) => hashed.has(name));
  if (known.size < 2 || changed.length < known.size) return;
  throw new Error(
    `the database belongs to a cloud with other secrets: the passwords of ${changed.join(', ')} in var/secrets are not those of its users; copy var/secrets of that cloud, or join it with wattle join`,
  );
}
