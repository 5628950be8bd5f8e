/** A condition on the attributes of a row, known before the query: which rows a caller may see. */
import type { Knex } from 'knex';

type Query = Knex.QueryBuilder;

export type Condition =
  | boolean
  /** The attribute has one of these values; `True`, `False` and `None` are those of the column's type. */
  | { readonly attribute: string; readonly values: readonly string[] }
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition };

/** A column of the table, or one of the rows of another table: `columnOf('networks', 'shared', 'networkId')`. */
export type Column = string | ForeignColumn | Membership;
export interface ForeignColumn {
  readonly table: string;
  readonly column: string;
  /** The column that refers to the other table, and the one that it refers to. */
  readonly from: string;
  readonly to: string;
}
/** A flag that no column has: True when what `from` holds is among the values that the query selects. */
export interface Membership {
  readonly from: string;
  select(query: Query): void;
}
/** The column of each attribute. */
export type Columns = Readonly<Record<string, Column>>;

export const columnOf = (table: string, column: string, from: string, to = 'id'): ForeignColumn => ({
  table,
  column,
  from,
  to,
});

/** Adds the condition to the WHERE of a query. Throws an Error for an attribute without a column. */
export function whereCondition(query: Query, condition: Condition, columns: Columns, negated = false): void {
  if (condition === !negated) return;
  if (typeof condition === 'boolean') query.whereRaw('1 = 0');
  else if ('not' in condition) whereCondition(query, condition.not, columns, !negated);
  else if ('attribute' in condition) whereAttribute(query, condition, columns, negated);
  else {
    const [parts, join] = 'all' in condition ? [condition.all, negated] : [condition.any, !negated];
    query.where((group: Query) => {
      for (const part of parts)
        group[join ? 'orWhere' : 'where']((each: Query) => whereCondition(each, part, columns, negated));
    });
  }
}

type HasValue = Extract<Condition, { readonly attribute: string }>;

function whereAttribute(query: Query, { attribute, values }: HasValue, columns: Columns, negated: boolean): void {
  const column = Object.hasOwn(columns, attribute) ? columns[attribute] : undefined;
  if (column === undefined) throw new Error(`No column has the attribute ${attribute}.`);
  if (typeof column === 'string') {
    whereValue(query, column, values, negated);
    return;
  }
  if ('select' in column) {
    const select = (other: Query) => column.select(other);
    if (values.includes('True') === !negated) query.whereIn(column.from, select);
    else query.whereNotIn(column.from, select);
    return;
  }
  const rows = (other: Query) => {
    whereValue(other.from(column.table).select(column.to), column.column, values, false);
  };
  if (negated) query.whereNotIn(column.from, rows);
  else query.whereIn(column.from, rows);
}

const literals = new Map<string, boolean>([
  ['True', true],
  ['False', false],
]);

/** NULL is a value like any other: a row without a project is none of the caller's. */
function whereValue(query: Query, column: string, values: readonly string[], negated: boolean): void {
  const known = values.filter((value) => value !== 'None').map((value) => literals.get(value) ?? value);
  const isNull = known.length < values.length;
  if (negated)
    query.where((not: Query) => {
      not.whereNotIn(column, known);
      if (isNull) not.whereNotNull(column);
      else not.orWhereNull(column);
    });
  else
    query.where((is: Query) => {
      is.whereIn(column, known);
      if (isNull) is.orWhereNull(column);
    });
}
