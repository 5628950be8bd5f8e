/**
 * What a path names is found and authorized in one place, before the body is read: the rule comes before existence, so a caller
 * who may not learns the same of an id that is there and of one that is not.
 */
import type { Target } from '#shared/auth/policy.ts';
import type { Answer, Call, Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';

export type Params = Call['params'];

export interface Subject<Found, Whole = Found> {
  /** What is there of it. */
  find(identity: Identity, params: Params): Promise<Found>;
  /** What the rules ask about; what is not there is left out. */
  target(found: Found, params: Params, identity: Identity): Target | Promise<Target>;
  /** All of it; throws 404 for what is not there. */
  whole(found: Found, params: Params): Whole;
}

/** A rule of identity by its name, or one that depends on what was found. */
type Rule<Found> = `identity:${string}` | ((found: Found) => `identity:${string}`);

type Act<Whole, Body> = (identity: Identity, call: Call<Body>, whole: Whole) => Promise<Answer>;

/** The part of a route that says what it is about, by which rule, and what it does. */
export type AuthorizedRoute = Pick<Route<Identity>, 'rule' | 'subject' | 'handler'>;

interface AuthorizedOptions<Found, Whole> {
  readonly subject: Subject<Found, Whole>;
  readonly rule: Rule<Found>;
  /** Some ids Keystone denies before the rule, to everybody: 404 for what is not there, 403 for what is. */
  readonly notFoundFirst?: boolean;
}

export function authorized<Found, Whole, Body = never>(
  { subject, rule, notFoundFirst = false }: AuthorizedOptions<Found, Whole>,
  act: Act<Whole, Body>,
): AuthorizedRoute {
  const judge = async (identity: Identity, call: Call<undefined>): Promise<Whole> => {
    const found = await subject.find(identity, call.params);
    if (notFoundFirst) subject.whole(found, call.params);
    const target = await subject.target(found, call.params, identity);
    call.authorize(typeof rule === 'function' ? rule(found) : rule, target);
    return subject.whole(found, call.params);
  };
  return {
    rule: null,
    subject: judge,
    handler: (identity, call: Call<Body>) => act(identity, call, call.subject as Whole),
  };
}

/** For handlers that are all about one kind of subject: `onUser('identity:get_user', …)`. */
export const authorizedOn =
  <Found, Whole>(subject: Subject<Found, Whole>) =>
  <Body = never>(rule: Rule<Found>, act: Act<Whole, Body>): AuthorizedRoute =>
    authorized<Found, Whole, Body>({ subject, rule }, act);
