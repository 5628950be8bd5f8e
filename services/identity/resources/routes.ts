import { badRequest } from '#shared/errors/fault.ts';
import {
  type Answer,
  type Call,
  checkedInHandler,
  created,
  type Handler,
  noContent,
  ok,
  type Route,
} from '#shared/http/route.ts';
import type { Attributes, RowOf } from '#shared/resource/attribute.ts';
import type { Identity } from '../context.ts';
import { type AuthorizedRoute, authorized, type RuleName } from '../subjects/authorized.ts';
import type { Operations, Verb, WrappedCall } from './operations.ts';
import type { Changed, Created, Resource } from './resource.ts';
import { newId } from './store.ts';
import { collection } from './view.ts';

export function routesOf<As extends Attributes>(
  resource: Resource<As>,
  operations: Operations<RowOf<As>, As> = {},
): Route<Identity>[] {
  type Row = RowOf<As>;
  type Item = (identity: Identity, call: WrappedCall, row: Row) => Promise<Answer>;
  const { one, many, rows, subject } = { ...resource, ...operations };
  const path = `/v3${resource.path}`;
  const { names: kinds = [one], choose = () => one } = operations.kinds ?? {};
  const ruleOf = (verb: Verb | 'create', kind = one): RuleName => `identity:${verb}_${kind}`;
  const rulesOf = (verb: Verb | 'create') => kinds.map((kind) => ruleOf(verb, kind));
  const views = async (identity: Identity, some: readonly Row[], call: Call<unknown>) =>
    operations.views?.(identity, some, call) ?? some.map((row) => resource.view(row, call.base));
  /** The rule of a create is known only after its body. */
  const asksLater = Boolean(operations.kinds ?? operations.targetOfNew);
  const answer = async (identity: Identity, row: Row, call: Call<unknown>) => ({
    [one]: (await views(identity, [row], call))[0],
  });

  const list: Handler<Identity> = async (identity, call) => {
    const found = await rows.list(identity.db, { filters: call.queries });
    return ok(collection(call, many, await views(identity, found, call)));
  };
  const insert = async ({ db }: Identity, input: Created<As>, { params }: WrappedCall) => {
    const sent: unknown = Reflect.get(input, 'id');
    if (params.id !== undefined && sent && sent !== params.id)
      throw badRequest(`The ${resource.noun} in the body and the one in the path are not the same.`);
    const row = { ...input, id: params.id ?? (sent || newId()) } as Row;
    await db.transaction(async (tx) => {
      await operations.check?.(tx, row);
      await rows.insert(tx, row);
    });
    return row;
  };
  const create = async (identity: Identity, call: WrappedCall) => {
    const body = call.body[one] ?? {};
    if (asksLater) call.authorize(ruleOf('create', choose(body)), operations.targetOfNew?.(body, call.caller) ?? {});
    const row = await (operations.create ?? insert)(identity, resource.create(body), call);
    return created(await answer(identity, row, call));
  };
  const store = async ({ db }: Identity, before: Row, change: Changed<As>) => {
    const row = { ...before, ...change };
    await db.transaction(async (tx) => {
      await operations.check?.(tx, row, before);
      await rows.refuseTaken(tx, row);
      await rows.update(tx, idOf(before), change as Partial<Row>);
    });
    return row;
  };
  const update: Item = async (identity, call, before) => {
    const change = resource.change(call.body[one] ?? {}, before);
    const row = await (operations.update ?? store)(identity, before, change, call);
    return ok(await answer(identity, row, call));
  };
  const removeRow = ({ db }: Identity, row: Row) =>
    db.transaction(async (tx) => {
      await operations.removeDependents?.(tx, row);
      await rows.remove(tx, { id: idOf(row) } as unknown as Partial<Row>);
    });
  const remove: Item = async (identity, call, row) => {
    await (operations.remove ?? removeRow)(identity, row, call);
    return noContent();
  };
  const show: Item = async (identity, call, row) => {
    await operations.read?.(identity, row, call);
    return ok(await answer(identity, row, call));
  };

  /** With the row of the path, after its rule. */
  const item = (verb: Verb, run: Item): AuthorizedRoute =>
    subject
      ? authorized(
          {
            subject,
            rule: { names: rulesOf(verb), choose: (row) => ruleOf(verb, choose(row)) },
            notFoundFirst: operations.notFoundFirst?.includes(verb) ?? false,
          },
          run,
        )
      : {
          rule: ruleOf(verb),
          handler: async (identity: Identity, call: WrappedCall) =>
            run(identity, call, await rows.get(identity.db, call.params.id)),
        };
  const { createBy = ['post'] } = operations;
  return [
    { method: 'get', path, ...(operations.list ?? { handler: list, rule: `identity:list_${many}` }) },
    ...createBy.map(
      (method): Route<Identity> => ({
        method,
        path: method === 'put' ? `${path}/:id` : path,
        handler: create,
        rule: asksLater ? checkedInHandler(...rulesOf('create')) : ruleOf('create'),
      }),
    ),
    { method: 'get', path: `${path}/:id`, ...(operations.show ?? item('get', show)) },
    { method: 'patch', path: `${path}/:id`, ...item('update', update) },
    { method: 'delete', path: `${path}/:id`, ...item('delete', remove) },
  ];
}

const idOf = (row: object): string => String(Reflect.get(row, 'id'));
