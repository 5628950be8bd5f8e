/** Users, groups, projects and domains as resources of a path, with the target attributes of their rules. */
import { findGroup, findUser } from '../directories/users-and-groups.ts';
import type { Group } from '../groups/store.ts';
import { couldNotFind, findProject, type Project } from '../projects/store.ts';
import type { User } from '../users/store.ts';
import { authorizedOn, type Subject } from './authorized.ts';

export const userTarget = (user: User | undefined) =>
  user ? { 'target.user.id': user.id, 'target.user.domain_id': user.domainId } : {};
export const groupTarget = (group: Group | undefined) => (group ? { 'target.group.domain_id': group.domainId } : {});
const projectTarget = (project: Project | undefined) =>
  project ? { 'target.project.id': project.id, 'target.project.domain_id': project.domainId } : {};

/** Returns the thing, or throws 404 in the words of Keystone. */
export function orNotFound<T>(what: string, thing: T | undefined, id: string | undefined): T {
  if (thing === undefined) throw couldNotFind(what, id ?? '');
  return thing;
}

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

export const projectSubject: Subject<Project | undefined, Project> = {
  find: ({ db }, { id = '' }) => findProject(db, { id }),
  target: projectTarget,
  require: (project, { id }) => orNotFound('project', project, id),
};

export const domainSubject: Subject<Project | undefined, Project> = {
  find: async ({ db }, { id = '' }) => {
    const project = await findProject(db, { id });
    return project?.isDomain ? project : undefined;
  },
  target: (domain) => (domain ? { 'target.domain.id': domain.id } : {}),
  require: (domain, { id }) => orNotFound('domain', domain, id),
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
