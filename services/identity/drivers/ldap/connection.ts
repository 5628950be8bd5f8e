/** Connections to a directory: searches share one that is bound as Wattle, each login has its own. */
import type { Entry, SearchOptions } from 'ldapts';
import { DirectoryError, isUnrelatedToPassword, resultCode, toDirectoryError } from './directory-error.ts';
import { built, type Filter } from './filter.ts';
import { type LdapOptions, urlsOf } from './options.ts';
import { type Login, openSession, type Session } from './session.ts';
import { type TlsFor, tlsOf } from './tls.ts';

export interface Query {
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub';
  readonly filter: Filter;
  readonly attributes: readonly string[];
}

export interface Connection {
  /** A missing base gives no entries. Throws DirectoryError. */
  search(query: Query): Promise<readonly Entry[]>;
  /** Whether a bind succeeds. False without a password: directories accept an empty one as an anonymous bind. */
  accepts(dn: string, password: string): Promise<boolean>;
  /** Connects and binds; resolves with the URL and the TLS version. */
  describe(): Promise<Pick<Session, 'url' | 'tls'>>;
  close(): void;
}

const noSuchObject = 32;
const aliases = {
  default: 'never',
  never: 'never',
  searching: 'search',
  finding: 'find',
  always: 'always',
} as const;

interface SessionOptions {
  readonly options: LdapOptions;
  readonly tlsFor: TlsFor;
}

export function openConnection(options: LdapOptions): Connection {
  const sessionOptions = { options, tlsFor: tlsOf(options) };
  const shared = sharedSession(sessionOptions);
  let loggingIn = 0;
  const search = async (query: Query, mayRetry = true): Promise<readonly Entry[]> => {
    const { session, fresh } = await shared.get();
    try {
      return await searchWith(session, options, query);
    } catch (error) {
      if (resultCode(error) === noSuchObject) return [];
      if (resultCode(error) !== undefined || fresh || !mayRetry || session.isOpen())
        throw toDirectoryError(error, session.url);
    }
    // the directory had closed the connection: once more, over a new one
    return search(query, false);
  };
  const accepts = async (dn: string, password: string) => {
    if (dn === '' || password === '') return false;
    if (loggingIn >= options.auth_pool_size) throw new DirectoryError('busy', `${loggingIn} logins are in progress`);
    loggingIn += 1;
    try {
      (await openAny(sessionOptions, { dn, password })).close();
      return true;
    } catch (error) {
      const code = resultCode((error as DirectoryError).cause);
      if (code === undefined || isUnrelatedToPassword(code)) throw error;
      return false;
    } finally {
      loggingIn -= 1;
    }
  };
  return {
    search: (query) => search(query),
    accepts,
    describe: async () => (await shared.get()).session,
    close: shared.close,
  };
}

async function searchWith({ client }: Session, options: LdapOptions, query: Query): Promise<readonly Entry[]> {
  const searchOptions: SearchOptions = {
    scope: query.scope,
    filter: built(await import('ldapts'), query.filter),
    attributes: [...query.attributes],
    derefAliases: aliases[options.alias_dereferencing],
    // binary attributes
    explicitBufferAttributes: ['objectGUID', 'objectSid'],
    ...(query.scope === 'base' ? {} : { paged: { pageSize: options.page_size || 500 } }),
  };
  return (await client.search(query.base, searchOptions)).searchEntries;
}

/** The shared session. Concurrent callers wait for the same connection attempt. */
function sharedSession(sessionOptions: SessionOptions) {
  const { options } = sessionOptions;
  const { user: dn, password } = options;
  const login = dn && password ? { dn, password } : { dn: '', password: '' };
  let current: Session | undefined;
  let opening: Promise<Session> | undefined;
  let closed = false;
  const isGood = (session: Session) =>
    session.isOpen() && Date.now() - session.openedAt < options.pool_connection_lifetime * 1000;
  const open = async () => {
    current?.close();
    if (closed) throw new DirectoryError('unreachable', 'the configuration has just changed');
    const session = await openAny(sessionOptions, login);
    if (closed) session.close();
    current = session;
    return session;
  };
  const get = async (): Promise<{ session: Session; fresh: boolean }> => {
    if (current && isGood(current)) return { session: current, fresh: false };
    opening ??= open().finally(() => {
      opening = undefined;
    });
    return { session: await opening, fresh: true };
  };
  const close = () => {
    closed = true;
    current?.close();
  };
  return { get, close };
}

/** Opens a session at the first address that answers. Throws the DirectoryError of the last one. */
async function openAny(sessionOptions: SessionOptions, login: Login): Promise<Session> {
  const { options } = sessionOptions;
  const urls = options.randomize_urls ? shuffled(urlsOf(options)) : urlsOf(options);
  let failure = new DirectoryError('options', 'ldap.url: it is empty');
  for (const url of urls) {
    try {
      return await openSession(url, sessionOptions, login);
    } catch (error) {
      failure = toDirectoryError(error, url);
      const code = resultCode(error);
      if (code !== undefined && !isUnrelatedToPassword(code)) break;
    }
  }
  throw failure;
}

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
