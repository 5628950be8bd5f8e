/** A definition of a resource, and what follows from it: its table and its view. */
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import type { Attributes, ChangeOf, NewOf, RowOf, Seen } from '#shared/resource/attribute.ts';
import type { Body } from '#shared/resource/body.ts';
import { columnsOf } from '#shared/resource/store.ts';
import { viewOf } from '#shared/resource/view.ts';
import type { Network } from '../context.ts';
import type { Sharing } from '../sharing/policy.ts';
import { type Shape, type Table, tableOf } from './store.ts';

/** The resource that another one is part of, in whose path that one is. */
export interface Parent {
  /** Of one of them, with its parameter: `/v2.0/floatingips/:floatingip_id`. */
  readonly path: string;
  readonly param: string;
  /** The column with its id. */
  readonly column: string;
  /** Throws its 404 when the caller may not see it. */
  find(db: Knex, caller: Caller, id: string): Promise<{ readonly id: string; readonly projectId: string }>;
}

/** What is done to a row by its path and a name. Asks for the rules, runs inside a transaction, and answers with the row. */
export interface Action<Row> {
  readonly rules: readonly [string, ...string[]];
  change(network: Network, caller: Caller, before: Row, input: Body): Promise<void>;
}

interface Definition<As extends Attributes> extends Omit<Shape, 'one'> {
  readonly attributes: As;
  /** Its rules look at the resource that it is part of, so they are checked with the row and not on the route. */
  readonly ruledByParent?: true;
  /** Shared with projects by RBAC policies: what clients see and filter as `shared` depends on their project. */
  readonly sharing?: Sharing;
  readonly parent?: Parent;
  /** The folder of its path: `qos`. */
  readonly under?: string;
  /** Its name in rules, unless that is `one`. */
  readonly rule?: string;
  /** Clients may not tag it. */
  readonly untagged?: true;
}

export interface Resource<Row extends object, As extends Attributes = Attributes> extends Definition<As> {
  /** As bodies spell it: `security_group`. */
  readonly one: string;
  readonly many: string;
  readonly rows: Table<Row>;
  view(row: object, seen: Seen): Record<string, unknown>;
}

export const resource = <As extends Attributes>(
  one: string,
  many: string,
  definition: Definition<As>,
): Resource<RowOf<As>, As> => ({
  ...definition,
  one,
  many,
  rows: tableOf({ ...definition, one: definition.rule ?? one }, columnsOf(definition.attributes)),
  view: viewOf(definition.attributes),
});

/** The path of its collection. */
export const pathOf = ({ many, parent, under }: Pick<Definition<Attributes>, 'parent' | 'under'> & { many: string }) =>
  parent ? `${parent.path}/${many}` : `/v2.0/${under ? `${under}/` : ''}${many.replaceAll('_', '-')}`;

type AttributesOf<R> = R extends { readonly attributes: infer As } ? As : never;
export type Row<R> = RowOf<AttributesOf<R>>;
export type New<R> = NewOf<AttributesOf<R>>;
export type Change<R> = ChangeOf<AttributesOf<R>>;
