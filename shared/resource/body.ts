/** Bodies by the names of the API become values by column. */
import { type Attributes, type ChangeOf, columnOf, type NewOf } from './attribute.ts';

export type Body = Readonly<Record<string, unknown>>;

/** What the body sets, and the defaults of what it does not name. Throws the 400 of a value that does not fit. */
export const parseCreate = <As extends Attributes>(attributes: As, body: Body): NewOf<As> =>
  ({ ...defaultsBy(columnOf, attributes), ...parse(attributes, body, 'create') }) as NewOf<As>;

/** What the body sets. Throws the 400 of a value that does not fit. */
export const parseUpdate = <As extends Attributes>(attributes: As, body: Body): ChangeOf<As> =>
  parse(attributes, body, 'update') as ChangeOf<As>;

/** By the names of the API. */
export const defaultsOf = (attributes: Attributes): Body => defaultsBy((name) => name, attributes);

function defaultsBy(key: typeof columnOf, attributes: Attributes): Body {
  const withDefault = Object.entries(attributes).filter(([, { options }]) => options.default !== undefined);
  return Object.fromEntries(withDefault.map(([name, attribute]) => [key(name, attribute), attribute.options.default]));
}

function parse(attributes: Attributes, body: Body, verb: 'create' | 'update'): Body {
  const values = Object.entries(attributes).flatMap(([name, attribute]) => {
    const { type, options } = attribute;
    const column = columnOf(name, attribute);
    const sent = body[name];
    if (column === null || sent === undefined || !options.set?.includes(verb)) return [];
    const value = sent === null && options.nullable ? null : type.parse(sent, name, options);
    return value === undefined ? [] : [[column, value]];
  });
  return Object.fromEntries(values);
}
