import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Names are unique without regard to case, as in Keystone: a lowered column has the unique index. */
export const identity: Migration = {
  name: '001-identity',
  up: async (tx) => {
    await ensureTable(tx, 'projects', (t) => {
      t.string('id', 64).primary();
      t.string('name', 64).notNullable();
      t.string('nameLower', 64).notNullable();
      t.string('domainId', 64).notNullable();
      t.string('parentId', 64).index();
      t.boolean('isDomain').notNullable();
      t.boolean('enabled').notNullable();
      t.text('description').notNullable();
      t.text('options').notNullable();
      t.text('extra').notNullable();
      t.unique(['domainId', 'nameLower', 'isDomain']);
    });
    await ensureTable(tx, 'project_tags', (t) => {
      t.string('projectId', 64).notNullable();
      t.string('name', 255).notNullable();
      t.primary(['projectId', 'name']);
    });
    await ensureTable(tx, 'users', (t) => {
      t.string('id', 64).primary();
      t.string('name', 255).notNullable();
      t.string('nameLower', 255).notNullable();
      t.string('domainId', 64).notNullable();
      t.boolean('enabled').notNullable();
      t.string('defaultProjectId', 64);
      t.text('passwordHash');
      t.bigInteger('passwordExpiresAt');
      t.integer('wrongTries').notNullable();
      t.bigInteger('wrongAt');
      t.text('options').notNullable();
      t.text('extra').notNullable();
      t.unique(['domainId', 'nameLower']);
    });
    await ensureTable(tx, 'groups', (t) => {
      t.string('id', 64).primary();
      t.string('name', 64).notNullable();
      t.string('nameLower', 64).notNullable();
      t.string('domainId', 64).notNullable();
      t.text('description').notNullable();
      t.text('extra').notNullable();
      t.unique(['domainId', 'nameLower']);
    });
    await ensureTable(tx, 'memberships', (t) => {
      t.string('groupId', 64).notNullable();
      t.string('userId', 64).notNullable().index();
      t.primary(['groupId', 'userId']);
    });
    await ensureTable(tx, 'roles', (t) => {
      t.string('id', 64).primary();
      t.string('name', 255).notNullable();
      t.string('nameLower', 255).notNullable();
      // '' for a role of no domain: NULLs would not be unique
      t.string('domainKey', 64).notNullable();
      t.text('description');
      t.text('options').notNullable();
      t.text('extra').notNullable();
      t.unique(['domainKey', 'nameLower']);
    });
    await ensureTable(tx, 'implied_roles', (t) => {
      t.string('priorId', 64).notNullable();
      t.string('impliedId', 64).notNullable();
      t.primary(['priorId', 'impliedId']);
    });
    await ensureTable(tx, 'assignments', (t) => {
      t.string('actorKind', 8).notNullable();
      t.string('actorId', 64).notNullable();
      t.string('targetKind', 8).notNullable();
      t.string('targetId', 64).notNullable().index();
      t.string('roleId', 64).notNullable();
      t.boolean('inherited').notNullable();
      t.primary(['actorId', 'targetId', 'roleId', 'actorKind', 'targetKind', 'inherited']);
    });
    await ensureTable(tx, 'regions', (t) => {
      t.string('id', 255).primary();
      t.string('parentId', 255);
      t.text('description').notNullable();
      t.text('extra').notNullable();
    });
    await ensureTable(tx, 'services', (t) => {
      t.string('id', 64).primary();
      t.string('type', 255).notNullable();
      t.boolean('enabled').notNullable();
      t.text('extra').notNullable();
    });
    await ensureTable(tx, 'endpoints', (t) => {
      t.string('id', 64).primary();
      t.string('serviceId', 64).notNullable().index();
      t.string('interface', 8).notNullable();
      t.string('regionId', 255);
      t.text('url').notNullable();
      t.boolean('enabled').notNullable();
      t.text('extra').notNullable();
    });
    await ensureTable(tx, 'signing_keys', (t) => {
      t.string('kid', 36).primary();
      t.string('state', 8).notNullable();
      t.text('publicJwk').notNullable();
      t.text('privatePem').notNullable();
      t.bigInteger('madeAt').notNullable();
    });
    await ensureTable(tx, 'revocations', (t) => {
      t.increments('sequence');
      t.text('what').notNullable();
      t.bigInteger('forgetAt').notNullable().index();
    });
    await ensureTable(tx, 'trust', (t) => {
      t.integer('id').primary();
      t.integer('epoch').notNullable();
    });
  },
};
