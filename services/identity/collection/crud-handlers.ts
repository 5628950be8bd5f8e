/** The five handlers of a resource that needs no logic of its own. */
import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import type { Records } from './store.ts';
import { collection } from './view.ts';

export type Input = Readonly<Record<string, unknown>>;

export interface CrudOptions<T> {
  readonly records: Records<T>;
  /** Its key in a body, and the key of a list. */
  readonly one: string;
  readonly many: string;
  readonly view: (row: T, base: string) => unknown;
  readonly make: (identity: Identity, input: Input, call: Call<unknown, 'id'>) => Promise<T>;
  readonly change: (identity: Identity, row: T, input: Input) => Promise<Partial<T>>;
  /** Deletes dependent rows, in the same transaction. */
  readonly alsoRemove?: (tx: Identity['db'], row: T) => Promise<unknown>;
}

export function crudHandlers<T extends { readonly id: string }>(options: CrudOptions<T>) {
  const { records, one, many, view } = options;
  const inputOf = (body: unknown): Input => (body as Record<string, Input>)[one] ?? {};
  const list: Handler<Identity> = async ({ db }, call) => {
    const rows = await records.list(db, call.queries);
    return ok(
      collection(
        call,
        many,
        rows.map((row) => view(row, call.base)),
      ),
    );
  };
  const show: Handler<Identity, unknown, 'id'> = async ({ db }, { params, base }) =>
    ok({ [one]: view(await records.get(db, params.id), base) });
  const create: Handler<Identity, unknown> = async (identity, call) => {
    const row = await options.make(identity, inputOf(call.body), call);
    await identity.db.transaction((tx) => records.insert(tx, row));
    return created({ [one]: view(row, call.base) });
  };
  const update: Handler<Identity, unknown, 'id'> = async (identity, { params, body, base }) => {
    const row = await records.get(identity.db, params.id);
    const change = await options.change(identity, row, inputOf(body));
    await identity.db.transaction((tx) => records.update(tx, row.id, change));
    return ok({ [one]: view({ ...row, ...change }, base) });
  };
  const remove: Handler<Identity, unknown, 'id'> = async ({ db }, { params }) => {
    const row = await records.get(db, params.id);
    await db.transaction(async (tx) => {
      await options.alsoRemove?.(tx, row);
      await records.remove(tx, { id: row.id } as unknown as Partial<T>);
    });
    return gone();
  };
  return { list, show, create, update, remove };
}
