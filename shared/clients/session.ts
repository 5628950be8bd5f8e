/** Requests to other services at the endpoints of the catalog, with the service's own token or with the caller's. */
import { Fault, Unavailable } from '#shared/errors/fault.ts';
import { type Ask, type Reply, request, textOf } from './http.ts';

export type ServiceType = 'identity' | 'image' | 'compute' | 'network' | 'placement' | 'volumev3' | 'object-store';

export interface Input {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The caller's token; without it the service's own user acts. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Session {
  /**
   * Returns the JSON of the answer, undefined for an empty one. Throws a Fault with the service's message for a 4xx,
   * Unavailable when the service cannot be reached, and an Error for a 401, 429 or 5xx, which may be retried.
   */
  json<T>(type: ServiceType, path: string, input?: Input): Promise<T>;
  /** Returns the answer as a stream, whatever its status. The body may be a stream too. */
  raw(type: ServiceType, path: string, ask?: Ask & { readonly token?: string | undefined }): Promise<Reply>;
  /** Returns a valid token of the service's own user. */
  token(): Promise<string>;
}

interface SessionOptions {
  /** http://127.0.0.1:5000/v3 */
  readonly identityUrl: string;
  readonly user: string;
  /** Read at each login, since the set-up may write or change it later. */
  readonly password: () => Promise<string>;
  readonly region: string;
  /** `service` by default. */
  readonly project?: string;
}

interface Login {
  readonly token: string;
  /** By the monotonic clock: identity's wall clock may be another. */
  readonly until: number;
  readonly endpoints: ReadonlyMap<string, string>;
}

const earlyMs = 60_000;

export function openSession(options: SessionOptions): Session {
  let login: Promise<Login> | undefined;
  const current = async (): Promise<Login> => {
    login ??= logIn(options);
    const known = await login.catch((error: unknown) => {
      login = undefined;
      throw error;
    });
    if (known.until - earlyMs > performance.now()) return known;
    login = undefined;
    return current();
  };
  const raw: Session['raw'] = async (type, path, { token, headers, ...ask } = {}) => {
    const { endpoints, token: own } = await current();
    const base = endpoints.get(type);
    if (!base) throw new Error(`the catalog has no ${type} in ${options.region}`);
    const service = token === undefined ? {} : { 'x-service-token': own };
    const all = { 'x-auth-token': token ?? own, ...service, ...headers };
    const reply = await request(base + path, { ...ask, headers: all }).catch(refused(type));
    if (reply.status === 401 && token === undefined) login = undefined; // the token was revoked: the next request logs in
    return reply;
  };
  const json = async <T>(type: ServiceType, path: string, { body, headers, ...input }: Input = {}): Promise<T> => {
    const typed = body === undefined ? {} : { body: JSON.stringify(body) };
    const type_ = body === undefined ? {} : { 'content-type': 'application/json' };
    const reply = await raw(type, path, {
      ...input,
      ...typed,
      headers: { accept: 'application/json', ...type_, ...headers },
    });
    return readJson<T>(reply, `${input.method ?? 'GET'} ${type} ${path}`);
  };
  return { json, raw, token: async () => (await current()).token };
}

async function logIn({ identityUrl, user, password, project = 'service', region }: SessionOptions): Promise<Login> {
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name: user, domain, password: await password() } } };
  const body = JSON.stringify({ auth: { identity, scope: { project: { name: project, domain } } } });
  const reply = await request(`${identityUrl}/auth/tokens`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  }).catch(refused('identity'));
  const { token } = await readJson<{ token: { expires_at: string; issued_at: string; catalog: Catalog } }>(
    reply,
    `login of ${user}`,
  ).catch((cause: unknown) => {
    throw new Error(`${user} cannot log in at ${identityUrl}`, { cause });
  });
  return {
    token: String(reply.headers['x-subject-token']),
    until: performance.now() + Math.max(2 * earlyMs, Date.parse(token.expires_at) - Date.parse(token.issued_at)),
    endpoints: endpointsOf(token.catalog, region),
  };
}

/** Makes an Unavailable of a refused connection and an unreachable host. Other errors stay as they are. */
const refused =
  (type: ServiceType) =>
  (cause: NodeJS.ErrnoException): never => {
    const gone = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'].includes(cause.code ?? '');
    throw gone ? new Unavailable(`The ${type} service does not answer: try again in a moment.`, { cause }) : cause;
  };

type Catalog = readonly { type: string; endpoints: readonly { interface: string; region: string; url: string }[] }[];

/** Endpoints by service type, without the project id that the catalog has in those of volume. */
const endpointsOf = (catalog: Catalog, region: string): Map<string, string> =>
  new Map(
    catalog.flatMap(({ type, endpoints }) => {
      const found = endpoints.find((each) => each.interface === 'internal' && each.region === region);
      return found ? [[type, found.url.replace(/(\/v3)\/[0-9a-f-]{32,36}$/, '$1').replace(/\/$/, '')]] : [];
    }),
  );

/** Returns the JSON of an answer; throws like `Session.json`. */
export async function readJson<T>(reply: Reply, what: string): Promise<T> {
  const text = await textOf(reply);
  if (reply.status < 300) return (text === '' ? undefined : JSON.parse(text)) as T;
  const { message, type } = errorOf(text);
  if (reply.status >= 500 || reply.status === 401 || reply.status === 429)
    throw new Error(`${what} was answered ${reply.status}: ${message}`);
  throw new Fault(reply.status, kinds[reply.status] ?? 'badRequest', message, type ? { type } : {});
}

const kinds: Readonly<Record<number, string>> = { 403: 'forbidden', 404: 'notFound', 409: 'conflict', 413: 'tooLarge' };

/** Reads the error body of any of the APIs: all have a message and some a type. */
function errorOf(text: string): { message: string; type?: string } {
  try {
    const body = JSON.parse(text) as Record<
      string,
      string | { message?: string; type?: string } | { detail: string }[]
    >;
    const [inner] = Object.values(body);
    if (typeof inner === 'string') return { message: inner }; // Glance
    if (Array.isArray(inner)) return { message: inner[0]?.detail ?? text };
    return { message: inner?.message ?? text, ...(inner?.type ? { type: inner.type } : {}) };
  } catch {
    return { message: text.slice(0, 500) };
  }
}
