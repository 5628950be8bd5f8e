import { type Call, noContent, ok, type Route } from '#shared/http/route.ts';
import type { Dashboard } from '../context.ts';
import type { Credentials, Project } from './login.ts';
import { changeProject, currentSession, getSession, logIn, logOut, projectsOf, type Session } from './operations.ts';

/** The session of a call whose route has `subject: getSession`. */
export const sessionIn = ({ subject }: Pick<Call, 'subject'>): Session => subject as Session;

const shown = ({ userName, projectId, projectName, csrf, expiresAt }: Session, projects: readonly Project[]) => ({
  session: { user: userName, project: { id: projectId, name: projectName }, projects, csrf, expires_at: expiresAt },
});

const path = '/api/session';
const own = { auth: 'none', subject: getSession } as const;

export const sessionRoutes: readonly Route<Dashboard>[] = [
  {
    method: 'post',
    path,
    auth: 'none',
    handler: async (dashboard, call: Call<Credentials>) => {
      const { session, projects, cookie } = await logIn(dashboard, call, call.body);
      return ok(shown(session, projects), { 'set-cookie': cookie });
    },
  },
  {
    method: 'get',
    path,
    auth: 'none',
    handler: async (dashboard, call) => {
      const session = await currentSession(dashboard, call);
      return ok(session ? shown(session, await projectsOf(dashboard, session)) : { session: null });
    },
  },
  {
    method: 'put',
    path: `${path}/project`,
    ...own,
    handler: async (dashboard, call: Call<Pick<Project, 'id'>>) => {
      const session = await changeProject(dashboard, sessionIn(call), call.body.id);
      return ok(shown(session, await projectsOf(dashboard, session)));
    },
  },
  {
    method: 'delete',
    path,
    ...own,
    handler: async (dashboard, call) => noContent({ 'set-cookie': await logOut(dashboard, call, sessionIn(call)) }),
  },
];
