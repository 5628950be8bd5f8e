/** Tags of all resources. */
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

type TagCall = Call<unknown, 'collection' | 'id'>;

function kindOf({ params }: Pick<TagCall, 'params'>): Tagged {
  const kind = kinds.get(params.collection);
  if (!kind) throw missing('HTTPNotFound', 'The resource could not be found.');
  return kind;
}

/** Neutron's tag API has its own 404, which names the collection. */
async function getTagged(network: Network, call: TagCall): Promise<Standard> {
  const { collection, id } = call.params;
  return kindOf(call)
    .rows.find(network.db, call.caller, id)
    .catch((error: unknown) => {
      if (!(error instanceof Fault) || error.status !== 404) throw error;
      throw missing('TagResourceNotFound', `Resource ${collection} ${id} could not be found.`);
    });
}

type Resource = Standard & { readonly networkId?: string; readonly shared?: boolean };

/** The network of a port or subnet, whose owner may write their tags too; a network is its own. */
const networkOf = ({ db }: Network, one: string, { id, networkId }: Resource) => {
  const known = one === 'network' ? id : networkId;
  return known === undefined ? undefined : networkRows.get(db, known);
};

const targetOf = async (network: Network, one: string, resource: Resource) => ({
  ...ownersOf(resource),
  shared: resource.shared ?? false,
  ...networkTarget(await networkOf(network, one, resource)),
});

/** The rules of these routes: one for each kind. */
export const tagRules = (verb: 'get' | 'update' | 'delete'): string[] =>
  [...kinds.values()].map(({ one }) => `${verb}_${one}:tags`);

const tagNotFound = (tag: string) => missing('TagNotFound', `Tag ${tag} could not be found.`);

async function readTags(network: Network, call: TagCall): Promise<readonly string[]> {
  const { one } = kindOf(call);
  const resource = await getTagged(network, call);
  call.authorize(`get_${one}:tags`, await targetOf(network, one, resource));
  return resource.tags;
}

export const listTags: Handler<Network> = async (network, call) => ok({ tags: await readTags(network, call) });

export const checkTag: Handler<Network, unknown, 'collection' | 'id' | 'tag'> = async (network, call) => {
  const tags = await readTags(network, call);
  if (!tags.includes(call.params.tag)) throw tagNotFound(call.params.tag);
  return gone();
};

/** Gets the resource, checks the rule, and stores the tags that `change` returns. */
async function changeTags(
  network: Network,
  call: Call,
  verb: 'update' | 'delete',
  change: (tags: readonly string[]) => readonly string[],
): Promise<readonly string[]> {
  const kind = kindOf(call);
  return atomically(network, async (within) => {
    const resource = await getTagged(within, call);
    call.authorize(`${verb}_${kind.one}:tags`, await targetOf(within, kind.one, resource));
    const tags = [...new Set(change(resource.tags))];
    const bad = tags.find((tag) => tag.length === 0 || tag.length > 255);
    if (bad !== undefined) throw badRequest(`'${bad}' is not a valid tag`, 'HTTPBadRequest');
    await kind.rows.update(within.db, resource.id, { tags });
    return tags;
  });
}

export const replaceTags: Handler<Network, { tags: readonly string[] }> = async (network, call) =>
  ok({ tags: await changeTags(network, call, 'update', () => call.body.tags) });

export const addTags: Handler<Network, { tags: readonly string[] }> = async (network, call) => {
  const tags = await changeTags(network, call, 'update', (before) => [...before, ...call.body.tags]);
  return created({ tags });
};

export const addTag: Handler<Network, unknown, 'collection' | 'id' | 'tag'> = async (network, call) => {
  await changeTags(network, call, 'update', (before) => [...before, call.params.tag]);
  return { status: 201 };
};

export const removeTag: Handler<Network, unknown, 'collection' | 'id' | 'tag'> = async (network, call) => {
  const { tag } = call.params;
  await changeTags(network, call, 'delete', (before) => {
    if (!before.includes(tag)) throw tagNotFound(tag);
    return before.filter((each) => each !== tag);
  });
  return gone();
};

export const removeTags: Handler<Network> = async (network, call) => {
  await changeTags(network, call, 'delete', () => []);
  return gone();
};
