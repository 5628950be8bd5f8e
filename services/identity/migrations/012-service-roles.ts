import type { Migration } from '#shared/db/migrate.ts';

/** Removes the admin role in project service from service users that need only the role service. */
export const serviceRoles: Migration = {
  name: '012-service-roles',
  up: async (db) => {
    const users = db('users')
      .where({ domainId: 'default' })
      .whereIn('nameLower', ['glance', 'neutron', 'placement', 'swift']);
    const projects = db('projects').where({ domainId: 'default', isDomain: false, nameLower: 'service' });
    const roles = db('roles').where({ domainKey: '', nameLower: 'admin' });
    await db('assignments')
      .where({ actorKind: 'user', targetKind: 'project', inherited: false })
      .whereIn('actorId', users.select('id'))
      .whereIn('targetId', projects.select('id'))
      .whereIn('roleId', roles.select('id'))
      .delete();
  },
};
