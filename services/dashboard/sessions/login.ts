/** Tokens of identity: by password, and for a project. */

import { type Reply, request, textOf } from '#shared/clients/http.ts';
import { readJson } from '#shared/clients/session.ts';
import { Fault, unauthorized } from '#shared/errors/fault.ts';
import type { Dashboard } from '../context.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** By name; `Default` when it is empty. */
  readonly domain?: string;
  /** The number that the user's device shows, where a second factor is set up. */
  readonly passcode?: string;
}

export interface Project {
  readonly id: string;
  readonly name: string;
}

export interface Login {
  readonly token: string;
  readonly userId: string;
  readonly userName: string;
  readonly project: Project | undefined;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly expiresAt: number;
}

type Place = Pick<Dashboard, 'identityUrl' | 'region'>;

/** Throws 401 with what identity says: a wrong password, a locked or disabled user, an expired password. */
export function logInByPassword(place: Place, credentials: Credentials, address: string): Promise<Login> {
  const { user: name, password, domain, passcode } = credentials;
  const user = { name, domain: { name: domain || 'Default' } };
  const methods = passcode ? ['password', 'totp'] : ['password'];
  const identity = {
    methods,
    password: { user: { ...user, password } },
    ...(passcode ? { totp: { user: { ...user, passcode } } } : {}),
  };
  return logIn(place, { identity }, { 'x-forwarded-for': address });
}

/** Exchanges a token for one of the project. */
export const logInToProject = (place: Place, token: string, id: string): Promise<Login> =>
  logIn(place, { identity: { methods: ['token'], token: { id: token } }, scope: { project: { id } } });

interface TokenBody {
  readonly expires_at: string;
  readonly issued_at: string;
  readonly user: { readonly id: string; readonly name: string };
  readonly project?: Project;
  readonly catalog?: readonly {
    readonly type: string;
    readonly endpoints: readonly { readonly interface: string; readonly region: string; readonly url: string }[];
  }[];
}

async function logIn({ identityUrl, region }: Place, auth: object, headers = {}): Promise<Login> {
  const reply = await request(`${identityUrl}/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth }),
    headers: { 'content-type': 'application/json', ...headers },
  });
  if (reply.status === 401) throw await refused(reply);
  const { token } = await readJson<{ token: TokenBody }>(reply, 'login');
  const { user, project, catalog = [] } = token;
  const urls = catalog.flatMap(({ type, endpoints }) => {
    const found = endpoints.find((each) => each.interface === 'internal' && each.region === region);
    return found ? [[type, found.url.replace(/\/$/, '')]] : [];
  });
  return {
    token: String(reply.headers['x-subject-token']),
    userId: user.id,
    userName: user.name,
    project: project && { id: project.id, name: project.name },
    endpoints: Object.fromEntries(urls),
    expiresAt: Date.now() + Date.parse(token.expires_at) - Date.parse(token.issued_at),
  };
}

/** With the receipt header, the password was right and a second factor is missing. */
async function refused(reply: Reply): Promise<Fault> {
  const text = await textOf(reply);
  if (reply.headers['openstack-auth-receipt'])
    return new Fault(401, 'unauthorized', 'Enter the number that your second device shows.', { type: 'passcode' });
  const message = messageIn(text);
  return message === hidden ? new Fault(401, 'unauthorized', message, { type: 'credentials' }) : unauthorized(message);
}

/** What identity says when it does not say why. */
const hidden = 'The request you have made requires authentication.';

function messageIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error: { message: string } };
    return error.message;
  } catch {
    return hidden;
  }
}

/** The projects of the user, by name. */
export async function listProjects({ identityUrl }: Place, token: string): Promise<Project[]> {
  const reply = await request(`${identityUrl}/auth/projects`, { headers: { 'x-auth-token': token } });
  const { projects } = await readJson<{ projects: (Project & { enabled: boolean })[] }>(reply, 'list of projects');
  return projects
    .filter(({ enabled }) => enabled)
    .map(({ id, name }) => ({ id, name }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Whether identity still takes the token. */
export async function isValid({ identityUrl }: Place, token: string): Promise<boolean> {
  const headers = { 'x-auth-token': token, 'x-subject-token': token };
  const reply = await request(`${identityUrl}/auth/tokens`, { method: 'HEAD', headers });
  await textOf(reply);
  return reply.status !== 401 && reply.status !== 404;
}

export async function revoke({ identityUrl }: Place, token: string): Promise<void> {
  const headers = { 'x-auth-token': token, 'x-subject-token': token };
  const reply = await request(`${identityUrl}/auth/tokens`, { method: 'DELETE', headers });
  await textOf(reply);
}
