/** A definition of a resource, and what follows from it: its table and its view. */
import type { Attributes, ChangeOf, NewOf, RowOf, Seen } from '#shared/resource/attribute.ts';
import { columnsOf } from '#shared/resource/store.ts';
import { viewOf } from '#shared/resource/view.ts';
import type { Sharing } from '../sharing/policy.ts';
import { type Shape, type Table, tableOf } from './store.ts';

interface Definition<As extends Attributes> extends Omit<Shape, 'one'> {
  readonly attributes: As;
  /** Its rules look at the resource that it is part of, so they are checked with the row and not on the route. */
  readonly ruledByParent?: true;
  /** Shared with projects by RBAC policies: what clients see and filter as `shared` depends on their project. */
  readonly sharing?: Sharing;
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
  rows: tableOf({ ...definition, one }, columnsOf(definition.attributes)),
  view: viewOf(definition.attributes),
});

/** The path of its collection. */
export const pathOf = ({ many }: { readonly many: string }): string => `/v2.0/${many.replaceAll('_', '-')}`;

type AttributesOf<R> = R extends { readonly attributes: infer As } ? As : never;
export type Row<R> = RowOf<AttributesOf<R>>;
export type New<R> = NewOf<AttributesOf<R>>;
export type Change<R> = ChangeOf<AttributesOf<R>>;
