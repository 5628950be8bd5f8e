/** Tags of any resource: words that clients find things by. */
import type { Target } from '#shared/auth/policy.ts';
import type { Who } from '#shared/auth/who.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { findFloatingIp } from '../floating-ips/operations.ts';
import { floatingIpRows } from '../floating-ips/store.ts';
import { findNetwork } from '../networks/operations.ts';
import { networkRows } from '../networks/store.ts';
import { findPort } from '../ports/operations.ts';
import { portRows } from '../ports/store.ts';
import type { Standard } from '../resources/store.ts';
import { missing } from '../resources/values.ts';
import { findRouter } from '../routers/operations.ts';
import { routerRows } from '../routers/store.ts';
import { findGroup } from '../security-groups/operations.ts';
import { groupRows } from '../security-groups/store.ts';
import { findSubnetPool } from '../subnet-pools/operations.ts';
import { subnetPoolRows } from '../subnet-pools/store.ts';
import { findSubnet } from '../subnets/operations.ts';
import { subnetRows } from '../subnets/store.ts';

interface Tagged {
  readonly one: string;
  find(network: Network, who: Who, id: string): Promise<Standard>;
  write(db: Network['db'], id: string, tags: readonly string[]): Promise<void>;
}

const kinds: Readonly<Record<string, Tagged>> = {
  subnetpools: {
    one: 'subnetpool',
    find: findSubnetPool,
    write: (db, id, tags) => subnetPoolRows.update(db, id, { tags }),
  },
  networks: { one: 'network', find: findNetwork, write: (db, id, tags) => networkRows.update(db, id, { tags }) },
  subnets: { one: 'subnet', find: findSubnet, write: (db, id, tags) => subnetRows.update(db, id, { tags }) },
  ports: { one: 'port', find: findPort, write: (db, id, tags) => portRows.update(db, id, { tags }) },
  routers: { one: 'router', find: findRouter, write: (db, id, tags) => routerRows.update(db, id, { tags }) },
  floatingips: {
    one: 'floatingip',
    find: findFloatingIp,
    write: (db, id, tags) => floatingIpRows.update(db, id, { tags }),
  },
  'security-groups': {
    one: 'security_group',
    find: findGroup,
    write: (db, id, tags) => groupRows.update(db, id, { tags }),
  },
};

function kindOf({ params }: Pick<Call, 'params'>): Tagged {
  const kind = kinds[params.collection ?? ''];
  if (!kind) throw missing('HTTPNotFound', 'The resource could not be found.');
  return kind;
}

const thingOf = (network: Network, call: Call<never>): Promise<Standard> =>
  kindOf(call).find(network, call.who, call.params.id ?? '');

const tagNotFound = (tag: string) => missing('TagNotFound', `Tag ${tag} could not be found.`);

export const listTags: Handler<Network> = async (network, call) => ok({ tags: (await thingOf(network, call)).tags });

export const checkTag: Handler<Network> = async (network, call) => {
  const { tags } = await thingOf(network, call);
  if (!tags.includes(call.params.tag ?? '')) throw tagNotFound(call.params.tag ?? '');
  return gone();
};

/** Finds the thing, asks the rule, writes what `change` makes of its tags. */
async function rewrite(
  network: Network,
  call: Call<never>,
  verb: 'update' | 'delete',
  change: (tags: readonly string[]) => readonly string[],
): Promise<readonly string[]> {
  const kind = kindOf(call);
  return atomically(network, async (within) => {
    const thing = await thingOf(within, call);
    const target: Target = { project_id: thing.projectId, tenant_id: thing.projectId };
    call.authorize(`${verb}_${kind.one}:tags`, target);
    const tags = [...new Set(change(thing.tags))];
    const bad = tags.find((tag) => tag.length === 0 || tag.length > 255);
    if (bad !== undefined) throw badRequest(`'${bad}' is not a valid tag`, 'HTTPBadRequest');
    await kind.write(within.db, thing.id, tags);
    return tags;
  });
}

export const replaceTags: Handler<Network, { tags: readonly string[] }> = async (network, call) =>
  ok({ tags: await rewrite(network, call as Call<never>, 'update', () => call.body.tags) });

export const addTags: Handler<Network, { tags: readonly string[] }> = async (network, call) => {
  const tags = await rewrite(network, call as Call<never>, 'update', (before) => [...before, ...call.body.tags]);
  return created({ tags });
};

export const addTag: Handler<Network> = async (network, call) => {
  await rewrite(network, call, 'update', (before) => [...before, call.params.tag ?? '']);
  return { status: 201 };
};

export const removeTag: Handler<Network> = async (network, call) => {
  const { tag = '' } = call.params;
  await rewrite(network, call, 'delete', (before) => {
    if (!before.includes(tag)) throw tagNotFound(tag);
    return before.filter((each) => each !== tag);
  });
  return gone();
};

export const removeTags: Handler<Network> = async (network, call) => {
  await rewrite(network, call, 'delete', () => []);
  return gone();
};
