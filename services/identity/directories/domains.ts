/** The LDAP directories of domains, opened from their configuration. */

import type { Knex } from 'knex';
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
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
  /** The stored options, to detect a change. */
  readonly stored: string;
}

interface Parts {
  readonly db: Knex;
  readonly sealer: Sealer;
  readonly log: Log;
}

export function openLdapDomains(parts: Parts): LdapDomains {
  let open = new Map<string, Open>();
  let epochRead: number | undefined;
  const queue = keyedQueue();
  const reload = async (epoch: number) => {
    if (epoch === epochRead) return;
    const opened = new Map<string, Open>();
    for (const [domainId, stored] of await listConfigured(parts.db)) {
      const current = open.get(domainId);
      opened.set(
        domainId,
        current?.stored === stored ? current : { stored, directory: await openConfigured(parts, domainId, stored) },
      );
    }
    for (const [domainId, previous] of open) if (opened.get(domainId) !== previous) previous.directory.close();
    open = opened;
    epochRead = epoch;
  };
  /** Serialized: each refresh closes the directories it replaces. */
  const refresh = (epoch: number) => queue('reload', () => reload(epoch));
  const close = () => {
    for (const { directory } of open.values()) directory.close();
  };
  return { of: (domainId) => open.get(domainId)?.directory, refresh, close };
}

/** Maps a domain with `driver: ldap` to its stored options. */
async function listConfigured(db: Knex): Promise<Map<string, string>> {
  const drivers = await listOptions(db, { group: 'identity', option: 'driver' });
  const domains = drivers.filter(({ value }) => value === 'ldap').map(({ domainId }) => domainId);
  const options = domains.length > 0 ? await listOptions(db, { group: 'ldap' }) : [];
  const of = (id: string) => options.filter(({ domainId }) => domainId === id);
  return new Map(domains.map((id) => [id, JSON.stringify(of(id).map(({ option, value }) => [option, value]))]));
}

/**
 * A directory with invalid options fails every request, instead of being absent. The driver is loaded with the first
 * directory: most clouds have none.
 */
async function openConfigured({ sealer, log }: Parts, domainId: string, stored: string): Promise<LdapDirectory> {
  const { openConnection } = await import('../drivers/ldap/connection.ts');
  const { openDirectory } = await import('../drivers/ldap/directory.ts');
  try {
    const raw = openedOptions({ sealer }, Object.fromEntries(JSON.parse(stored)) as RawOptions);
    const options = readOptions(raw);
    return openDirectory(options, withLogging(openConnection(options), log, domainId));
  } catch (error) {
    return openDirectory(
      readOptions({}),
      withLogging(failingConnection(toDirectoryError(error, domainId)), log, domainId),
    );
  }
}

function failingConnection(error: DirectoryError): Connection {
  const refuse = () => Promise.reject(error);
  return { search: refuse, accepts: refuse, describe: refuse, close: () => {} };
}

/** Logs once that a directory is unreachable, and once that it answers again. */
function withLogging(connection: Connection, log: Log, domainId: string): Connection {
  let unreachable = false;
  const observe = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const done = await work;
      if (unreachable) log.info({ domainId }, 'the directory of a domain is back');
      unreachable = false;
      return done;
    } catch (error) {
      if (error instanceof DirectoryError && !unreachable) {
        const { reason, detail } = error;
        log.warn({ domainId, reason, detail }, 'the directory of a domain cannot be asked');
        unreachable = true;
      }
      throw error;
    }
  };
  return {
    ...connection,
    search: (query) => observe(connection.search(query)),
    accepts: (dn, password) => observe(connection.accepts(dn, password)),
  };
}
