/** Tags of any resource: words that clients find things by. */
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { floatingIpRows } from '../floating-ips/store.ts';
import { networkRows } from '../networks/store.ts';
import { networkTarget } from '../networks/target.ts';
import { portRows } from '../ports/store.ts';
import type { Standard, Table } from '../resources/store.ts';
import { missing, ownersOf } from '../resources/values.ts';
import { routerRows } from '../routers/store.ts';
import { groupRows } from '../security-groups/store.ts';
import { subnetPool } from '../subnet-pools/resource.ts';
import { subnetRows } from '../subnets/store.ts';

interface Tagged {
  readonly one: string;
  readonly rows: Pick<Table<Standard>, 'find' | 'update'>;
}

const kinds: ReadonlyMap<string, Tagged> = new Map<string, Tagged>([
  ['networks', { one: 'network', rows: networkRows }],
  ['subnets', { one: 'subnet', rows: subnetRows }],
  ['subnetpools', subnetPool],
  ['ports', { one: 'port', rows: portRows }],
  ['routers', { one: 'router', rows: routerRows }],
  ['floatingips', { one: 'floatingip', rows: floatingIpRows }],
  ['security-groups', { one: 'security_group', rows: groupRows }],
]);

function kindOf({ params }: Pick<Call, 'params'>): Tagged {
  const kind = kinds.get(params.collection ?? '');
  if (!kind) throw missing('HTTPNotFound', 'The resource could not be found.');
  return kind;
}

/** Here a thing that is not there has the name of its collection. */
async function thingOf(network: Network, call: Call<never>): Promise<Standard> {
  const { collection, id = '' } = call.params;
  return kindOf(call)
    .rows.find(network.db, call.caller, id)
    .catch((error: unknown) => {
      if (!(error instanceof Fault) || error.status !== 404) throw error;
      throw missing('TagResourceNotFound', `Resource ${collection} ${id} could not be found.`);
    });
}

/** Tags of what belongs to a network may be written by the network's owner too. */
const targetOf = async ({ db }: Network, thing: Standard & { readonly networkId?: string }) => ({
  ...ownersOf(thing),
  ...(thing.networkId === undefined ? {} : networkTarget(await networkRows.get(db, thing.networkId))),
});

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
    call.authorize(`${verb}_${kind.one}:tags`, await targetOf(within, thing));
    const tags = [...new Set(change(thing.tags))];
    const bad = tags.find((tag) => tag.length === 0 || tag.length > 255);
    if (bad !== undefined) throw badRequest(`'${bad}' is not a valid tag`, 'HTTPBadRequest');
    await kind.rows.update(within.db, thing.id, { tags });
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
