/** Users, groups, projects and domains as paths name them, and what rules ask about them. */
import { findGroup, findUser } from '../directories/users-and-groups.ts';
import type { Group } from '../groups/store.ts';
import { absent, findProject, type Project } from '../projects/store.ts';
import type { User } from '../users/store.ts';
import { authorizedOn, type Subject } from './authorized.ts';

export const userTarget = (user: User | undefined) =>
  user ? { 'target.user.id': user.id, 'target.user.domain_id': user.domainId } : {};
export const groupTarget = (group: Group | undefined) => (group ? { 'target.group.domain_id': group.domainId } : {});
const projectTarget = (project: Project | undefined) =>
  project ? { 'target.project.id': project.id, 'target.project.domain_id': project.domainId } : {};

/** What is there, or Keystone's 404 naming it. */
export function present<T>(what: string, thing: T | undefined, id: string | undefined): T {
  if (thing === undefined) throw absent(what, id ?? '');
  return thing;
}

export const userSubject: Subject<User | undefined, User> = {
  find: (identity, { id = '' }) => findUser(identity, id),
  target: (user, { id }) => ({ user_id: id, ...userTarget(user) }),
  whole: (user, { id }) => present('user', user, id),
};

export const groupSubject: Subject<Group | undefined, Group> = {
  find: (identity, { id = '' }) => findGroup(identity, id),
  target: groupTarget,
  whole: (group, { id }) => present('group', group, id),
};

export const projectSubject: Subject<Project | undefined, Project> = {
  find: ({ db }, { id = '' }) => findProject(db, { id }),
  target: projectTarget,
  whole: (project, { id }) => present('project', project, id),
};

export const domainSubject: Subject<Project | undefined, Project> = {
  find: async ({ db }, { id = '' }) => {
    const project = await findProject(db, { id });
    return project?.isDomain ? project : undefined;
  },
  target: (domain) => (domain ? { 'target.domain.id': domain.id } : {}),
  whole: (domain, { id }) => present('domain', domain, id),
};

/** A member of a group: both of the path, with what is there of them. */
export const memberSubject: Subject<
  { readonly group: Group | undefined; readonly user: User | undefined },
  { readonly group: Group; readonly user: User }
> = {
  find: async (identity, { id = '', userId = '' }) => ({
    group: await findGroup(identity, id),
    user: await findUser(identity, userId),
  }),
  target: ({ group, user }) => ({ ...groupTarget(group), ...userTarget(user) }),
  whole: ({ group, user }, { id, userId }) => ({
    group: present('group', group, id),
    user: present('user', user, userId),
  }),
};

export const onUser = authorizedOn(userSubject);
export const onGroup = authorizedOn(groupSubject);
export const onProject = authorizedOn(projectSubject);
export const onDomain = authorizedOn(domainSubject);
export const onMember = authorizedOn(memberSubject);
