import type { Knex } from 'knex';
import { forbidden } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { revokeLdapUsers } from '../keys/revoke.ts';
import { incrementEpoch } from '../keys/store.ts';
import { absentConfig, type Groups, refuseUnknownOptions } from './options.ts';
import { storedOption } from './secrets.ts';
import { type DomainOption, listOptions, removeOptions, setOption } from './store.ts';

/** `keep`: options that are not named stay. */
export async function setConfig(
  identity: Identity,
  domainId: string,
  groups: Groups,
  { keep }: { readonly keep: boolean },
): Promise<void> {
  refuseUnknownOptions(groups);
  refuseForServices(domainId, groups);
  await changeConfig(identity, domainId, async (tx) => {
    if (!keep) await removeOptions(tx, { domainId });
    for (const [group, options] of Object.entries(groups))
      for (const [option, value] of Object.entries(options))
        await setOption(tx, storedOption(identity, { domainId, group, option, value }));
  });
}

type Place = Pick<DomainOption, 'domainId'> & Partial<Pick<DomainOption, 'group' | 'option'>>;

export const dropConfig = (identity: Identity, place: Place): Promise<void> =>
  changeConfig(identity, place.domainId, async (tx) => {
    if (!(await removeOptions(tx, place))) throw absentConfig(Object.values(place).join(' '));
  });

/** The users of services are in this domain; without them no service could log in. */
function refuseForServices(domainId: string, { identity }: Groups): void {
  if (domainId === 'default' && identity?.driver === 'ldap')
    throw forbidden('The domain default keeps the users of the services: another domain can have a directory.');
}

/** Makes every process reload the directories. Users of a removed directory lose their tokens. */
async function changeConfig(identity: Identity, domainId: string, work: (tx: Knex) => Promise<void>): Promise<void> {
  await identity.db.transaction(async (tx) => {
    const had = await hasDirectory(tx, domainId);
    await work(tx);
    if (had && !(await hasDirectory(tx, domainId))) await revokeLdapUsers(identity, tx, domainId);
    await incrementEpoch(tx);
  });
  await identity.tokenKeysChanged();
}

async function hasDirectory(tx: Knex, domainId: string): Promise<boolean> {
  const [driver] = await listOptions(tx, { domainId, group: 'identity', option: 'driver' });
  return driver?.value === 'ldap';
}
