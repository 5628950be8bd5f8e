/** The routes of a resource, with those of its tags. */
import type { Caller } from '#shared/auth/caller.ts';
import type { Target } from '#shared/auth/policy.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Call, checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Attributes, ChangeOf, NewOf } from '#shared/resource/attribute.ts';
import { tagRoutes } from '#shared/resource/tags.ts';
import { atomically, type Network } from '../context.ts';
import { handlersOf, type Operations, type Owned } from './handlers.ts';
import { pathOf, type Resource } from './resource.ts';
import type { Table } from './store.ts';
import { missing } from './values.ts';

type Tagged = Owned & { readonly tags: readonly string[] };

/** A rule that looks at more than the project of the caller is checked in the handler. */
export function routesOf<Row extends Tagged, As extends Attributes>(
  definition: Resource<Row, As>,
  operations: Operations<NoInfer<Row>, NewOf<As>, ChangeOf<As>>,
): Route<Network>[] {
  const { one, parent, ruledByParent, rule: noun = one, untagged } = definition;
  const { targetOf, ...handlers } = handlersOf(definition, operations);
  const path = pathOf(definition);
  const item = `${path}/:id`;
  const inHandler = ruledByParent || parent;
  const rule = (verb: string) => (inHandler ? checkedInHandler(`${verb}_${noun}`) : `${verb}_${noun}`);
  const createRule = operations.targetOfNew ? checkedInHandler(`create_${noun}`) : rule('create');
  const actions = Object.entries(operations.actions ?? {}).map(
    ([name, action]): Route<Network> => ({
      method: 'put',
      path: `${item}/${name}`,
      handler: handlers.act(action),
      rule: checkedInHandler(...action.rules),
    }),
  );
  const routes: (Route<Network> | undefined)[] = [
    { method: 'get', path, handler: handlers.list, rule: rule('get') },
    operations.create && { method: 'post', path, handler: handlers.create, rule: createRule },
    { method: 'get', path: item, handler: handlers.show, rule: rule('get') },
    operations.update && { method: 'put', path: item, handler: handlers.update, rule: rule('update') },
    operations.remove && { method: 'delete', path: item, handler: handlers.remove, rule: rule('delete') },
  ];
  const tagged = untagged ? [] : tagsOf({ ...definition, targetOf });
  return [...routes.filter((route) => route !== undefined), ...actions, ...tagged];
}

interface Taggable {
  readonly one: string;
  readonly many: string;
  readonly under?: string;
  readonly rows: Pick<Table<Tagged>, 'find' | 'update'>;
  targetOf(network: Network, caller: Caller, row: Tagged): Promise<Target>;
}

/** Neutron's tag API has its own 404, which names the collection. The owner of a network may tag its ports too. */
function tagsOf({ one, many, under, rows, targetOf }: Taggable): Route<Network>[] {
  const path = pathOf({ many, ...(under ? { under } : {}) });
  const find = (network: Network, { caller, params }: Pick<Call<unknown, 'id'>, 'caller' | 'params'>) =>
    rows.find(network.db, caller, params.id).catch((error: unknown) => {
      if (!(error instanceof Fault) || error.status !== 404) throw error;
      throw missing('TagResourceNotFound', `Resource ${many.replaceAll('_', '-')} ${params.id} could not be found.`);
    });
  const see = `get_${one}:tags`;
  const write = `update_${one}:tags`;
  const clear = `delete_${one}:tags`;
  const [seen, written, cleared] = [checkedInHandler(see), checkedInHandler(write), checkedInHandler(clear)];
  return tagRoutes<Network>({
    path: `${path}/:id/tags`,
    rules: {
      list: seen,
      check: seen,
      replace: written,
      extend: written,
      add: written,
      clear: cleared,
      remove: cleared,
    },
    read: async (network, call) => {
      const row = await find(network, call);
      call.authorize(see, await targetOf(network, call.caller, row));
      return row.tags;
    },
    change: async (network, call, verb, edit) =>
      atomically(network, async (within) => {
        const row = await find(within, call);
        call.authorize(verb === 'clear' || verb === 'remove' ? clear : write, await targetOf(within, call.caller, row));
        const tags = edit(row.tags);
        await rows.update(within.db, row.id, { tags });
        return tags;
      }),
    missing: ({ params }) => missing('TagNotFound', `Tag ${params.tag} could not be found.`),
    checkAll: (tags) => {
      const bad = tags.find((tag) => tag.length === 0 || tag.length > 255);
      if (bad !== undefined) throw badRequest(`'${bad}' is not a valid tag`, 'HTTPBadRequest');
    },
  });
}
