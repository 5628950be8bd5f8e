/**
 * An attribute of a resource: one line that says what clients see, what they may send, which column holds it, and
 * whether a list can be filtered and sorted by it. Types of rows and bodies are read from these lines.
 */
import type { Knex } from 'knex';
import type { Json } from '#shared/api/document.ts';
import type { Version } from '#shared/api/versions.ts';
import type { Call } from '#shared/http/route.ts';

/** What all attributes of one type share. Each API family has its own, since each reads values in its own way. */
export interface Type<T> {
  /** What its column holds. */
  readonly kind: 'text' | 'number' | 'flag' | 'json';
  /** The schema of what clients may send. */
  readonly input: Json | ((options: Options<unknown>) => Json);
  /** The schema of what they see, unless it is that of `input`. */
  readonly output?: Json;
  /** The value of what a client sent; undefined when it stands for nothing. Throws a 400 that has the name. */
  parse(sent: unknown, name: string, options: Options<unknown>): T | undefined;
  /**
   * Narrows a list by what a client asks for, where the API has a syntax for it; with `part`, also to texts that have it in
   * them. Throws a 400 that has the name.
   */
  filter?(query: Query, column: string, asked: string, name: string, part?: boolean): void;
}

export type Query = Knex.QueryBuilder;

export interface Options<T> {
  /** One sentence for clients, where the API publishes its schemas. */
  readonly description?: string;
  /** The name in camelCase unless told; null when no column holds it. */
  readonly column?: string | null;
  /** No column holds it: views find it in what the resource adds to its rows, and operations get what a body says. */
  readonly stored?: false;
  /** The requests whose bodies may have it. */
  readonly set?: readonly ('create' | 'update')[];
  /** By that request; true: by a create, with a value. */
  readonly required?: true | 'create' | 'update';
  readonly nullable?: true;
  /** Its value when a create does not name it. Naming just this value asks for no rule of the attribute. */
  readonly default?: T | null;
  readonly filter?: true | ((query: Query, values: readonly string[]) => void);
  /** True, or the sort keys that mean it. */
  readonly sort?: true | readonly string[];
  /** The version that introduced it. */
  readonly since?: Version;
  /** Of a number, or of how many are in a list. */
  readonly min?: number;
  readonly max?: number;
  /** Narrower than those of the type. */
  readonly input?: Json;
  readonly output?: Json;
  /** No client sees it. */
  readonly hidden?: true;
  /** A short list has it. */
  readonly brief?: true;
  /** Only those who pass this rule see it. */
  readonly rule?: string;
  /** How clients see it. */
  show?(value: T, seen: Seen): unknown;
  /** How clients of versions before `until` see it. */
  readonly earlier?: { readonly until: Version; show(value: T): unknown };
}

/** What a view may depend on beside the row. */
export type Seen = Pick<Call, 'may'> & Partial<Pick<Call, 'version' | 'base' | 'url' | 'method' | 'caller'>>;

export interface Attribute<T = unknown, O extends Options<T> = Options<T>> {
  readonly type: Type<T>;
  readonly options: O;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** Makes the attributes of one type. */
export const attributeOf =
  <T>(type: Type<T>) =>
  <const O extends Options<T>>(options: O): Attribute<T, O> => ({ type, options });

type Camel<N> = N extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : N;
type OptionsOf<A> = A extends Attribute<infer _, infer O> ? O : never;
type ValueOf<A> = A extends Attribute<infer T, infer O> ? T | (O extends { nullable: true } ? null : never) : never;
/** Never, for one without a column: it is left out of the row. */
type ColumnOf<N, A> = OptionsOf<A> extends { column: infer C } ? (C extends string ? C : never) : Camel<N>;
type SetBy<A, V> = OptionsOf<A> extends { set: readonly (infer S)[] } ? (V extends S ? true : false) : false;
type IsGiven<A> = OptionsOf<A> extends { required: true } | { default: unknown } ? true : false;

/** A row as it is stored, by column. */
export type RowOf<As> = {
  readonly [N in keyof As as OptionsOf<As[N]> extends { stored: false } ? never : ColumnOf<N, As[N]>]: ValueOf<As[N]>;
};
/** What a create has after its body was read, by column: required ones, those with a default, and perhaps the others. */
export type NewOf<As> = {
  readonly [N in keyof As as SetBy<As[N], 'create'> extends true
    ? IsGiven<As[N]> extends true
      ? ColumnOf<N, As[N]>
      : never
    : never]: ValueOf<As[N]>;
} & {
  readonly [N in keyof As as SetBy<As[N], 'create'> extends true
    ? IsGiven<As[N]> extends true
      ? never
      : ColumnOf<N, As[N]>
    : never]?: ValueOf<As[N]>;
};
/** What an update changes, by column. */
export type ChangeOf<As> = {
  readonly [N in keyof As as SetBy<As[N], 'update'> extends true ? ColumnOf<N, As[N]> : never]?: ValueOf<As[N]>;
};

export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The columns that hold JSON. */
export const jsonColumnsOf = (attributes: Attributes): string[] =>
  Object.entries(attributes).flatMap(([name, attribute]) => {
    const column = columnOf(name, attribute);
    const { kind } = attribute.type;
    return kind === 'json' && column !== null && attribute.options.stored !== false ? [column] : [];
  });

export const columnOf = (name: string, { options: { column } }: Attribute): string | null =>
  column === undefined ? camelCase(name) : column;

/** The columns that lists are sorted by, by sort key. */
export const sortsOf = (attributes: Attributes): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, attribute]) => {
      const { sort = [] } = attribute.options;
      const column = columnOf(name, attribute);
      return column === null ? [] : (sort === true ? [name] : sort).map((key) => [key, column]);
    }),
  );
