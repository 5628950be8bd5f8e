/** The directories that domains are configured with, as the rows say now. */
import type { Knex } from 'knex';
import type { Log } from '#shared/log/log.ts';
import type { Sealer } from '#shared/seal/key-file.ts';
import type { LdapDomains } from '../context.ts';
import { openedOptions } from '../domain-config/secrets.ts';
import { listOptions } from '../domain-config/store.ts';
import type { Connection } from '../drivers/ldap/connection.ts';
import type { LdapDirectory } from '../drivers/ldap/directory.ts';
import { DirectoryError, toDirectoryError } from '../drivers/ldap/directory-error.ts';
import { type RawOptions, readOptions } from '../drivers/ldap/options.ts';

interface Open {
  readonly directory: LdapDirectory;
  /** The options as they are kept, to see a change. */
  readonly kept: string;
}

interface Parts {
  readonly db: Knex;
  readonly sealer: Sealer;
  readonly log: Log;
}

export function openLdapDomains(parts: Parts): LdapDomains {
  let open = new Map<string, Open>();
  let seen: number | undefined;
  let turn = Promise.resolve();
  const look = async (epoch: number) => {
    if (epoch === seen) return;
    const next = new Map<string, Open>();
    for (const [domainId, kept] of await wantedOf(parts.db)) {
      const known = open.get(domainId);
      next.set(domainId, known?.kept === kept ? known : { kept, directory: await directoryFor(parts, domainId, kept) });
    }
    for (const [domainId, before] of open) if (next.get(domainId) !== before) before.directory.close();
    open = next;
    seen = epoch;
  };
  /** One after the other, for each closes what it replaces. */
  const refresh = (epoch: number) => {
    const mine = turn.then(() => look(epoch));
    turn = mine.catch(() => {});
    return mine;
  };
  const close = () => {
    for (const { directory } of open.values()) directory.close();
  };
  return { of: (domainId) => open.get(domainId)?.directory, refresh, close };
}

/** Domain to options, of those that say `driver: ldap`. */
async function wantedOf(db: Knex): Promise<Map<string, string>> {
  const drivers = await listOptions(db, { group: 'identity', option: 'driver' });
  const domains = drivers.filter(({ value }) => value === 'ldap').map(({ domainId }) => domainId);
  const options = domains.length > 0 ? await listOptions(db, { group: 'ldap' }) : [];
  const of = (id: string) => options.filter(({ domainId }) => domainId === id);
  return new Map(domains.map((id) => [id, JSON.stringify(of(id).map(({ option, value }) => [option, value]))]));
}

/**
 * One that cannot be understood is a directory that nobody can ask, not none. The driver is loaded with the first: most
 * clouds have none.
 */
async function directoryFor({ sealer, log }: Parts, domainId: string, kept: string): Promise<LdapDirectory> {
  const { openConnection } = await import('../drivers/ldap/connection.ts');
  const { openDirectory } = await import('../drivers/ldap/directory.ts');
  try {
    const raw = openedOptions({ sealer }, Object.fromEntries(JSON.parse(kept)) as RawOptions);
    const options = readOptions(raw);
    return openDirectory(options, watched(openConnection(options), log, domainId));
  } catch (error) {
    return openDirectory(readOptions({}), watched(broken(toDirectoryError(error, domainId)), log, domainId));
  }
}

function broken(trouble: DirectoryError): Connection {
  const refuse = () => Promise.reject(trouble);
  return { search: refuse, accepts: refuse, facts: refuse, close: () => {} };
}

/** Says once that a directory is away, and once that it is back. */
function watched(connection: Connection, log: Log, domainId: string): Connection {
  let away = false;
  const follow = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const done = await work;
      if (away) log.info({ domainId }, 'the directory of a domain is back');
      away = false;
      return done;
    } catch (error) {
      if (error instanceof DirectoryError && !away) {
        const { trouble, detail } = error;
        log.warn({ domainId, trouble, detail }, 'the directory of a domain cannot be asked');
        away = true;
      }
      throw error;
    }
  };
  return {
    ...connection,
    search: (query) => follow(connection.search(query)),
    accepts: (dn, password) => follow(connection.accepts(dn, password)),
  };
}
