/**
 * Routes about one resource of the path: the resource is found and the rule is checked in one place, before the body
 * is read. A caller whom the rule refuses gets the same answer for an existing and an unknown id.
 */
import type { Target } from '#shared/auth/policy.ts';
import { type Answer, type Call, type CheckedInHandler, checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Attributes, RowOf } from '#shared/resource/attribute.ts';
import type { Identity } from '../context.ts';
import type { Resource } from '../resources/resource.ts';
import { couldNotFind } from '../resources/store.ts';

export type Params = Call['params'];

export interface Subject<Found, Present = Found> {
  /** Finds the resource; `undefined` (or a part of it) where it does not exist. */
  find(identity: Identity, params: Params): Promise<Found>;
  /** The target attributes of the rules; those of an absent resource are left out. */
  target(found: Found, params: Params, identity: Identity): Target | Promise<Target>;
  /** The resource, which must exist. Throws 404. */
  require(found: Found, params: Params): Present;
}

/** Returns the thing, or throws 404 in the words of Keystone. */
export function orNotFound<T>(what: string, thing: T | undefined, id: string | undefined): T {
  if (thing === undefined) throw couldNotFind(what, id ?? '');
  return thing;
}

/** The row of `:id`, with the target attributes of an existing one. */
export const subjectOf = <As extends Attributes>(
  { rows, noun }: Pick<Resource<As>, 'rows' | 'noun'>,
  target: (row: RowOf<As>, identity: Identity) => Target | Promise<Target>,
): Subject<RowOf<As> | undefined, RowOf<As>> => ({
  find: ({ db }, { id = '' }) => rows.find(db, { id } as unknown as Partial<RowOf<As>>),
  target: (row, _params, identity) => (row ? target(row, identity) : {}),
  require: (row, { id }) => orNotFound(noun, row, id),
});

/** The name of a rule, or rules of which one is chosen by what was found. */
type Rule<Found> = RuleName | { readonly names: readonly RuleName[]; readonly choose: (found: Found) => RuleName };
export type RuleName = `identity:${string}`;

type Run<Present, Body, Param extends string> = (
  identity: Identity,
  call: Call<Body, Param>,
  present: Present,
) => Promise<Answer>;

/** The part of a route that names its rule, its resource and its handler. */
export type AuthorizedRoute = Pick<Route<Identity>, 'subject' | 'handler'> & {
  readonly rule: RuleName | CheckedInHandler;
};

interface AuthorizedOptions<Found, Present> {
  readonly subject: Subject<Found, Present>;
  readonly rule: Rule<Found>;
  /**
   * For resources whose ids Keystone does not hide: an unknown id is 404 for every caller, before the rule is checked.
   */
  readonly notFoundFirst?: boolean;
}

export function authorized<Found, Present, Body = unknown, Param extends string = string>(
  { subject, rule, notFoundFirst = false }: AuthorizedOptions<Found, Present>,
  run: Run<Present, Body, Param>,
): AuthorizedRoute {
  const authorize = async (identity: Identity, call: Call<undefined>): Promise<Present> => {
    const found = await subject.find(identity, call.params);
    if (notFoundFirst) subject.require(found, call.params);
    const target = await subject.target(found, call.params, identity);
    call.authorize(typeof rule === 'string' ? rule : rule.choose(found), target);
    return subject.require(found, call.params);
  };
  return {
    rule: checkedInHandler(...(typeof rule === 'string' ? [rule] : rule.names)),
    subject: authorize,
    handler: (identity, call: Call<Body, Param>) => run(identity, call, call.subject as Present),
  };
}

/** For several handlers on one kind of resource: `onUser('identity:get_user', …)`. */
export const authorizedOn =
  <Found, Present>(subject: Subject<Found, Present>) =>
  <Body = unknown, Param extends string = string>(rule: Rule<Found>, run: Run<Present, Body, Param>): AuthorizedRoute =>
    authorized({ subject, rule }, run);
