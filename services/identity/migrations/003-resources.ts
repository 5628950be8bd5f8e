import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Limits, endpoint filters, policies and domain configuration. */
export const resources: Migration = {
  name: '003-resources',
  up: async (tx) => {
    await ensureTable(tx, 'policies', (t) => {
      t.string('id', 64).primary();
      t.string('type', 255).notNullable();
      t.text('blob').notNullable();
      t.text('extra').notNullable();
    });
    await ensureTable(tx, 'policy_associations', (t) => {
      t.string('id', 64).primary();
      t.string('policyId', 64).notNullable().index();
      t.string('endpointId', 64).notNullable();
      t.string('serviceId', 64).notNullable();
      t.string('regionId', 255).notNullable();
    });
    await ensureTable(tx, 'endpoint_groups', (t) => {
      t.string('id', 64).primary();
      t.string('name', 255).notNullable();
      t.text('description');
      t.text('filters').notNullable();
    });
    await ensureTable(tx, 'project_endpoints', (t) => {
      t.string('projectId', 64).notNullable();
      t.string('endpointId', 64).notNullable().index();
      t.primary(['projectId', 'endpointId']);
    });
    await ensureTable(tx, 'project_endpoint_groups', (t) => {
      t.string('projectId', 64).notNullable();
      t.string('endpointGroupId', 64).notNullable().index();
      t.primary(['projectId', 'endpointGroupId']);
    });
    await ensureTable(tx, 'registered_limits', (t) => {
      t.string('id', 64).primary();
      t.string('serviceId', 64).notNullable();
      // '' for no region: NULLs would not be unique
      t.string('regionId', 255).notNullable();
      t.string('resourceName', 255).notNullable();
      t.integer('defaultLimit').notNullable();
      t.text('description');
      t.unique(['serviceId', 'regionId', 'resourceName']);
    });
    await ensureTable(tx, 'limits', (t) => {
      t.string('id', 64).primary();
      t.string('ownerKind', 8).notNullable();
      t.string('ownerId', 64).notNullable();
      t.string('serviceId', 64).notNullable();
      t.string('regionId', 255).notNullable();
      t.string('resourceName', 255).notNullable();
      t.integer('resourceLimit').notNullable();
      t.text('description');
      t.unique(['ownerId', 'serviceId', 'regionId', 'resourceName']);
    });
    await ensureTable(tx, 'domain_options', (t) => {
      t.string('domainId', 64).notNullable();
      t.string('group', 64).notNullable();
      t.string('option', 128).notNullable();
      t.text('value').notNullable();
      t.primary(['domainId', 'group', 'option']);
    });
  },
};
