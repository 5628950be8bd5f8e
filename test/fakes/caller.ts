import type { Authenticated } from '#shared/auth/caller.ts';

/** The caller of a token of a project, without roles unless told. */
export const fakeCaller = (more: Partial<Authenticated> & { readonly projectId: string }): Authenticated => ({
  userId: 'e5ff89e4aaaf429ea24c2b92d153367a',
  userName: 'me',
  userDomainId: 'default',
  projectName: more.projectId,
  projectDomainId: 'default',
  domainId: null,
  system: false,
  roles: [],
  serviceRoles: [],
  token: 'token',
  requestId: '',
  ...more,
});
