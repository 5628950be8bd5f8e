/** What clients of identity write, and what must be true of it for ever once it was answered. */
import { randomBytes } from 'node:crypto';
import { type IdentityAnswer, type IdentityClient, one } from '../fakes/identity.ts';

export type Check = (by: IdentityClient, token: string) => Promise<boolean>;

/** By name: what must hold now. A write that is under way replaces it by what may hold either way. */
export type Ledger = Map<string, Check>;

export interface Writer {
  readonly by: IdentityClient;
  readonly token: string;
  readonly ledger: Ledger;
  /** Counts an answer; the process may die at any. */
  answered(): void;
}

const fresh = (what: string) => `${what}-${randomBytes(6).toString('hex')}`;

async function write(
  { by, token, answered }: Writer,
  method: string,
  path: string,
  body?: unknown,
): Promise<IdentityAnswer> {
  const answer = await by.ask(method, path, { token, body });
  if (answer.status >= 300) throw new Error(`${method} ${path} ${answer.status} ${JSON.stringify(answer.body)}`);
  answered();
  return answer;
}

const make = async (writer: Writer, kind: string, spec: object): Promise<string> =>
  one(await write(writer, 'POST', `/${kind}s`, { [kind]: spec }), kind).id;

const statusOf = async (by: IdentityClient, token: string, path: string) =>
  (await by.ask('GET', path, { token })).status;
const isThere =
  (path: string): Check =>
  async (by, token) =>
    [200, 204].includes(await statusOf(by, token, path));
const isGone =
  (path: string): Check =>
  async (by, token) =>
    (await statusOf(by, token, path)) === 404;
const canLogIn =
  (id: string, ...passwords: string[]): Check =>
  async (by) => {
    for (const password of passwords) if ((await by.logIn({ id, password })).status === 201) return true;
    return false;
  };

async function roleOf({ by, token }: Writer): Promise<string> {
  const { body } = await by.ask('GET', '/roles?name=reader', { token });
  return (body.roles as unknown as { id: string }[])[0]?.id ?? '';
}

/** Each is a story of some writes; what it keeps under a name is looked at after the next start. */
export const stories: readonly ((writer: Writer) => Promise<void>)[] = [
  async function usersComeAndGo(writer) {
    const id = await make(writer, 'user', { name: fresh('user') });
    writer.ledger.set(id, isThere(`/users/${id}`));
    const other = await make(writer, 'user', { name: fresh('leaver') });
    await write(writer, 'DELETE', `/users/${other}`);
    writer.ledger.set(other, isGone(`/users/${other}`));
  },
  async function grantsComeAndGo(writer) {
    const user = await make(writer, 'user', { name: fresh('user') });
    const project = await make(writer, 'project', { name: fresh('project') });
    const grant = `/projects/${project}/users/${user}/roles/${await roleOf(writer)}`;
    await write(writer, 'PUT', grant);
    writer.ledger.set(grant, isThere(grant));
    if (Math.random() < 0.5) return;
    writer.ledger.delete(grant);
    await write(writer, 'DELETE', grant);
    writer.ledger.set(grant, isGone(grant));
  },
  async function passwordsChange(writer) {
    const [first, second] = [fresh('first'), fresh('second')];
    const id = await make(writer, 'user', { name: fresh('user'), password: first });
    writer.ledger.set(`password of ${id}`, canLogIn(id, first, second));
    const body = { user: { original_password: first, password: second } };
    await write(writer, 'POST', `/users/${id}/password`, body);
    writer.ledger.set(`password of ${id}`, canLogIn(id, second));
  },
  async function tokensAreRevoked(writer) {
    const password = fresh('password');
    const id = await make(writer, 'user', { name: fresh('user'), password });
    const { token } = await writer.by.logIn({ id, password });
    const { status } = await writer.by.ask('DELETE', '/auth/tokens', { token, headers: { 'x-subject-token': token } });
    if (status !== 204) throw new Error(`a revocation answered ${status}`);
    writer.ledger.set(`token of ${id}`, async (by) => (await statusOf(by, token, '/auth/projects')) === 401);
    writer.answered();
  },
  async function credentialsAreMade(writer) {
    const password = fresh('password');
    const user = await make(writer, 'user', { name: fresh('user'), password });
    const project = await make(writer, 'project', { name: fresh('project') });
    await write(writer, 'PUT', `/projects/${project}/users/${user}/roles/${await roleOf(writer)}`);
    const { token } = await writer.by.logIn({ id: user, password }, { project: { id: project } });
    const spec = { application_credential: { name: 'a' } };
    const made = await write({ ...writer, token }, 'POST', `/users/${user}/application_credentials`, spec);
    const { id, secret } = one(made, 'application_credential');
    const identity = { methods: ['application_credential'], application_credential: { id, secret } };
    writer.ledger.set(id, async (by) => {
      const login = await by.ask('POST', '/auth/tokens', { body: { auth: { identity } } });
      return login.status === 201;
    });
  },
  async function domainsGoWhole(writer) {
    const domain = await make(writer, 'domain', { name: fresh('domain') });
    const inside = { name: fresh('inside'), domain_id: domain };
    const paths = [`/domains/${domain}`];
    for (const kind of ['user', 'user', 'project', 'group', 'role'])
      paths.push(`/${kind}s/${await make(writer, kind, { ...inside, name: fresh(kind) })}`);
    await write(writer, 'PATCH', `/domains/${domain}`, { domain: { enabled: false } });
    writer.ledger.set(domain, async (by, token) => {
      const seen = await Promise.all(paths.map((path) => statusOf(by, token, path)));
      return new Set(seen).size === 1; // whole, or not at all
    });
    await write(writer, 'DELETE', `/domains/${domain}`);
    writer.ledger.set(domain, async (by, token) =>
      (await Promise.all(paths.map((p) => isGone(p)(by, token)))).every(Boolean),
    );
  },
];
