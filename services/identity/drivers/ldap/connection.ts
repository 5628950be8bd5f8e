/** What is asked over connections: many searches over one that Wattle itself is logged in with, each login over its own. */
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
  /** No base, no entries. Any other trouble is a DirectoryError. */
  search(query: Query): Promise<readonly Entry[]>;
  /** Whether the directory lets somebody in. Without a password never: it would take that for nobody and say yes. */
  accepts(dn: string, password: string): Promise<boolean>;
  /** Logs in, and says where and how safely. */
  facts(): Promise<Pick<Session, 'url' | 'tls'>>;
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

interface Method {
  readonly options: LdapOptions;
  readonly tlsFor: TlsFor;
}

export function openConnection(options: LdapOptions): Connection {
  const way = { options, tlsFor: tlsOf(options) };
  const shared = sharedSession(way);
  let loggingIn = 0;
  const search = async (query: Query, again = true): Promise<readonly Entry[]> => {
    const { session, fresh } = await shared.get();
    try {
      return await searchWith(session, options, query);
    } catch (error) {
      if (resultCode(error) === noSuchObject) return [];
      if (resultCode(error) !== undefined || fresh || !again || session.isOpen())
        throw toDirectoryError(error, session.url);
    }
    // the directory had closed what was open: once more, over another
    return search(query, false);
  };
  const accepts = async (dn: string, password: string) => {
    if (dn === '' || password === '') return false;
    if (loggingIn >= options.auth_pool_size) throw new DirectoryError('crowd', `${loggingIn} logins wait already`);
    loggingIn += 1;
    try {
      (await openAny(way, { dn, password })).close();
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
    facts: async () => (await shared.get()).session,
    close: shared.close,
  };
}

async function searchWith({ client }: Session, options: LdapOptions, query: Query): Promise<readonly Entry[]> {
  const asked: SearchOptions = {
    scope: query.scope,
    filter: built(await import('ldapts'), query.filter),
    attributes: [...query.attributes],
    derefAliases: aliases[options.alias_dereferencing],
    // bytes, which are no text
    explicitBufferAttributes: ['objectGUID', 'objectSid'],
    ...(query.scope === 'base' ? {} : { paged: { pageSize: options.page_size || 500 } }),
  };
  return (await client.search(query.base, asked)).searchEntries;
}

/** One at a time, for as long as it lives or may; who asks while it is opened waits for the same. */
function sharedSession(way: Method) {
  const { options } = way;
  const { user: dn, password } = options;
  const login = dn && password ? { dn, password } : { dn: '', password: '' };
  let current: Session | undefined;
  let opening: Promise<Session> | undefined;
  let closed = false;
  const isGood = (session: Session) =>
    session.isOpen() && Date.now() - session.openedAt < options.pool_connection_lifetime * 1000;
  const open = async () => {
    current?.close();
    if (closed) throw new DirectoryError('away', 'the configuration has just changed');
    const session = await openAny(way, login);
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

/** The first of the addresses that answers. Throws the DirectoryError of the last. */
async function openAny(way: Method, login: Login): Promise<Session> {
  const { options } = way;
  const urls = options.randomize_urls ? shuffled(urlsOf(options)) : urlsOf(options);
  let trouble = new DirectoryError('options', 'ldap.url: there is none');
  for (const url of urls) {
    try {
      return await openSession(url, way, login);
    } catch (error) {
      trouble = toDirectoryError(error, url);
      const code = resultCode(error);
      if (code !== undefined && !isUnrelatedToPassword(code)) break;
    }
  }
  throw trouble;
}

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
