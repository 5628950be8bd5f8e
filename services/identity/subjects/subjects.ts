/** Users, groups, projects and domains as resources of a path, with the target attributes of their rules. */
import { findGroup, findUser } from '../directories/users-and-groups.ts';
import type { Group } from '../groups/resource.ts';
import { domain, project } from '../projects/resource.ts';
import type { User } from '../users/resource.ts';
import { authorizedOn, orNotFound, type Subject, subjectOf } from './authorized.ts';

export const userTarget = (user: User | undefined) =>
  user ? { 'target.user.id': user.id, 'target.user.domain_id': user.domainId } : {};
export const groupTarget = (group: Group | undefined) => (group ? { 'target.group.domain_id': group.domainId } : {});
export const userSubject: Subject<User | undefined, User> = {
  find: (identity, { id = '' }) => findUser(identity, id),
  target: (user, { id }) => ({ user_id: id, ...userTarget(user) }),
  require: (user, { id }) => orNotFound('user', user, id),
};

export const groupSubject: Subject<Group | undefined, Group> = {
  find: (identity, { id = '' }) => findGroup(identity, id),
  target: groupTarget,
  require: (group, { id }) => orNotFound('group', group, id),
};

export const projectSubject = subjectOf(project, (row) => ({
  'target.project.id': row.id,
  'target.project.domain_id': row.domainId,
}));

const anyDomain = subjectOf(domain, ({ id }) => ({ 'target.domain.id': id }));
export const domainSubject: typeof anyDomain = {
  ...anyDomain,
  find: ({ db }, { id = '' }) => domain.rows.find(db, { id, isDomain: true }),
};

/** A user in a group: both are named by the path. */
export const memberSubject: Subject<
  { readonly group: Group | undefined; readonly user: User | undefined },
  { readonly group: Group; readonly user: User }
> = {
  find: async (identity, { id = '', userId = '' }) => ({
    group: await findGroup(identity, id),
    user: await findUser(identity, userId),
  }),
  target: ({ group, user }) => ({ ...groupTarget(group), ...userTarget(user) }),
  require: ({ group, user }, { id, userId }) => ({
    group: orNotFound('group', group, id),
    user: orNotFound('user', user, userId),
  }),
};

export const onUser = authorizedOn(userSubject);
export const onGroup = authorizedOn(groupSubject);
export const onProject = authorizedOn(projectSubject);
export const onDomain = authorizedOn(domainSubject);
export const onMember = authorizedOn(memberSubject);
