/** What a definition of a resource gives: its table, its view and its language of lists. */
import {
  type Attribute,
  type Attributes,
  type ChangeOf,
  columnOf,
  jsonColumnsOf,
  type NewOf,
  type RowOf,
  type Seen,
} from '#shared/resource/attribute.ts';
import { viewOf } from '#shared/resource/view.ts';
import { type Attributes as Listed, type Shape, standardAttributes, type Table, tableOf } from './store.ts';

interface Definition<As extends Attributes> {
  readonly table: string;
  readonly attributes: As;
  /** The type and the words of its 404. */
  readonly missing: readonly [type: string, words: (id: string) => string];
  /** Widens what a project sees beyond its own rows. */
  readonly visible?: NonNullable<Shape['beside']>;
}

export interface Resource<Row extends object, As extends Attributes = Attributes> {
  /** As bodies spell it: `security_group`. */
  readonly one: string;
  readonly many: string;
  readonly attributes: As;
  readonly rows: Table<Row>;
  readonly listed: Listed;
  view(row: Row, seen: Seen): object;
}

export function resource<As extends Attributes>(
  one: string,
  many: string,
  { table: name, attributes, missing, visible }: Definition<As>,
): Resource<RowOf<As>, As> {
  const json = jsonColumnsOf(attributes);
  const rows = tableOf<RowOf<As>>({ name, json, missing, ...(visible ? { beside: visible } : {}) });
  return {
    one,
    many,
    attributes,
    rows,
    listed: { ...standardAttributes, ...listedOf(attributes) },
    view: viewOf(attributes),
  };
}

function listedOf(attributes: Attributes): Listed {
  const listed = Object.entries(attributes).map(([name, attribute]) => [name, listedBy(name, attribute)] as const);
  return Object.fromEntries(listed.flatMap(([name, by]) => (by ? [[name, by]] : [])));
}

function listedBy(name: string, attribute: Attribute): Listed[string] | undefined {
  const { filter } = attribute.options;
  if (typeof filter === 'function') return filter;
  const column = columnOf(name, attribute);
  const { kind } = attribute.type;
  return filter && column !== null && kind !== 'json' ? { column, kind } : undefined;
}

type AttributesOf<R> = R extends { readonly attributes: infer As } ? As : never;
export type Row<R> = RowOf<AttributesOf<R>>;
export type New<R> = NewOf<AttributesOf<R>>;
export type Change<R> = ChangeOf<AttributesOf<R>>;
