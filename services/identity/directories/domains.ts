/** The directories that domains are configured with, as the rows say now. */
import type { Knex } from 'knex';
import type { Log } from '#shared/log/log.ts';
import type { LdapDomains, Sealer } from '../context.ts';
import { openedOptions } from '../domain-config/secrets.ts';
import { listOptions } from '../domain-config/store.ts';
import { type Connection, openConnection } from '../drivers/ldap/connection.ts';
import { type LdapDirectory, openDirectory } from '../drivers/ldap/directory.ts';
import { type RawOptions, readOptions } from '../drivers/ldap/options.ts';
import { DirectoryTrouble, troubleOf } from '../drivers/ldap/trouble.ts';

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

export async function openLdapDomains(parts: Parts): Promise<LdapDomains> {
  const { db } = parts;
  const open = new Map<string, Open>();
  let seen: number | undefined;
  const refresh = async (epoch: number) => {
    if (epoch === seen) return;
    const wanted = await wantedOf(db);
    for (const [domainId, { directory, kept }] of open)
      if (wanted.get(domainId) !== kept) {
        directory.close();
        open.delete(domainId);
      }
    for (const [domainId, kept] of wanted)
      if (!open.has(domainId)) open.set(domainId, { kept, directory: directoryFor(parts, domainId, kept) });
    seen = epoch;
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

/** One that cannot be understood is a directory that nobody can ask, not none. */
function directoryFor({ sealer, log }: Parts, domainId: string, kept: string): LdapDirectory {
  try {
    const raw = openedOptions({ sealer }, Object.fromEntries(JSON.parse(kept)) as RawOptions);
    const options = readOptions(raw);
    return openDirectory(options, watched(openConnection(options), log, domainId));
  } catch (error) {
    return openDirectory(readOptions({}), watched(broken(troubleOf(error, domainId)), log, domainId));
  }
}

function broken(trouble: DirectoryTrouble): Connection {
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
      const { trouble, detail } = error as DirectoryTrouble;
      if (!away) log.warn({ domainId, trouble, detail }, 'the directory of a domain cannot be asked');
      away = error instanceof DirectoryTrouble;
      throw error;
    }
  };
  return {
    ...connection,
    search: (query) => follow(connection.search(query)),
    accepts: (dn, password) => follow(connection.accepts(dn, password)),
  };
}
