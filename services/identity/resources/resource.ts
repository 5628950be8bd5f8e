/** A definition of a resource gives its table, its bodies, its view and its OpenAPI file. */
import type { Attributes, ChangeOf, NewOf, RowOf } from '#shared/resource/attribute.ts';
import { type Body, parseCreate, parseUpdate } from '#shared/resource/body.ts';
import { viewOf } from '#shared/resource/view.ts';
import { filtersOf } from '../filters/store.ts';
import { type Rows, rowsOf, type TableOptions } from './store.ts';

type Extra = Readonly<Record<string, unknown>>;
type ExtraOf<As> = As extends { readonly extra: unknown } ? { readonly extra: Extra } : unknown;
export type Created<As> = NewOf<As> & ExtraOf<As>;
export type Changed<As> = ChangeOf<As> & ExtraOf<As>;

/** `filters`: what lists can be filtered by beside attributes. */
interface Definition<As extends Attributes> extends Omit<TableOptions<RowOf<As>>, 'noun'> {
  /** As bodies spell it. */
  readonly one: string;
  readonly many?: string;
  /** Where it is found below /v3. */
  readonly path: string;
  readonly attributes: As;
  /** What is kept in the column `extra` although Keystone knows it. */
  readonly inExtra?: Attributes;
  /** As error messages name it. */
  readonly noun?: string;
  /** Keys of a body that are neither attributes nor kept as extra. */
  readonly ignored?: readonly string[];
  /** `self` unless told. */
  links?(row: RowOf<As>, base: string): Extra;
}

export interface Resource<As extends Attributes> {
  readonly one: string;
  readonly many: string;
  readonly path: string;
  readonly noun: string;
  readonly attributes: As;
  /** All that clients may send. */
  readonly sent: Attributes;
  readonly rows: Rows<RowOf<As>>;
  /** `base`: of this API. */
  view(row: RowOf<As>, base: string): Record<string, unknown>;
  /** What a create sets, by column. */
  create(body: Body): Created<As>;
  /** What an update changes, by column; options and extra are added to those of the row. */
  change(body: Body, row: RowOf<As>): Changed<As>;
}

const all = () => true;

export function resource<As extends Attributes>(definition: Definition<As>): Resource<As> {
  const {
    one,
    many = `${one}s`,
    path,
    attributes,
    noun = one.replaceAll('_', ' '),
    ignored = [],
    inExtra = {},
  } = definition;
  const self = (row: RowOf<As>, base: string) => ({ self: `${base}/v3${path}/${Reflect.get(row, 'id')}` });
  const { links = self } = definition;
  const { extra: keepsExtra, ...known } = attributes as Attributes;
  const fields = new Set([...Object.keys(known), ...ignored, 'id', 'links']);
  const extraOf = (body: Body) => Object.fromEntries(Object.entries(body).filter(([key]) => !fields.has(key)));
  const filters = { ...filtersOf({ ...attributes, ...inExtra }, definition.lowered), ...definition.filters };
  const view = viewOf(attributes);
  return {
    one,
    many,
    path,
    noun,
    attributes,
    sent: { ...attributes, ...inExtra },
    rows: rowsOf(attributes, { ...definition, noun, filters }),
    view: (row, base) => {
      const shown = view(row, { base, may: all });
      shown.links = links(row, base);
      if (!keepsExtra) return shown;
      const more = Reflect.get(row, 'extra') as Extra;
      for (const key in more) if (!Object.hasOwn(shown, key)) shown[key] = more[key];
      return shown;
    },
    create: (body) =>
      ({ ...parseCreate(attributes, body), ...(keepsExtra ? { extra: extraOf(body) } : {}) }) as Created<As>,
    change: (body, row) => {
      const change: Body = parseUpdate(attributes, body);
      const { options } = change;
      const added = { ...(options ? { options } : {}), ...(keepsExtra ? { extra: extraOf(body) } : {}) };
      const merged = Object.entries(added).map(([key, value]) => [
        key,
        { ...Reflect.get(row, key), ...(value as Extra) },
      ]);
      return { ...change, ...Object.fromEntries(merged) } as Changed<As>;
    },
  };
}

type AttributesOf<R> = R extends { readonly attributes: infer As } ? As : never;
export type Row<R> = RowOf<AttributesOf<R>>;
export type New<R> = Created<AttributesOf<R>>;
export type Change<R> = Changed<AttributesOf<R>>;
