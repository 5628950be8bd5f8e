/** What is particular to a resource: its checks, its operations and its rules. */
import type { Caller } from '#shared/auth/caller.ts';
import type { Target } from '#shared/auth/policy.ts';
import type { Authorization, Call, Route } from '#shared/http/route.ts';
import type { Attributes } from '#shared/resource/attribute.ts';
import type { Body } from '#shared/resource/body.ts';
import type { Identity } from '../context.ts';
import type { AuthorizedRoute, Subject } from '../subjects/authorized.ts';
import type { Changed, Created } from './resource.ts';

type Tx = Identity['db'];
export type Verb = 'get' | 'update' | 'delete';
export type WrappedCall = Call<Readonly<Record<string, Body>>, 'id'>;

export interface Operations<Row, As extends Attributes> {
  /** How rows are created: by POST unless told; PUT names the id in the path. */
  readonly createBy?: readonly ('post' | 'put')[];
  /** Checks a new or changed row and writes what it needs, in the transaction that stores it. */
  check?(tx: Tx, row: Row, before?: Row): Promise<unknown>;
  /** Deletes dependent rows, in the transaction that deletes the row. */
  removeDependents?(tx: Tx, row: Row): Promise<unknown>;
  /** Instead of storing the row. */
  create?(identity: Identity, input: Created<As>, call: WrappedCall): Promise<Row>;
  update?(identity: Identity, row: Row, change: Changed<As>, call: WrappedCall): Promise<Row>;
  remove?(identity: Identity, row: Row, call: Pick<Call, 'caller'>): Promise<unknown>;
  readonly list?: Pick<Route<Identity>, 'handler'> & { readonly rule: Authorization };
  readonly show?: AuthorizedRoute;
  /** What a show checks beside its rule. */
  read?(identity: Identity, row: Row, call: Pick<Call, 'caller'>): Promise<unknown>;
  /** The row of the path with the target of its rules; without it, the rules have no target. */
  readonly subject?: Subject<Row | undefined, Row>;
  /** The target of the rule of a create. */
  targetOfNew?(body: Body, caller: Caller): Target;
  /** Rules are `identity:get_role`; some rows, and bodies of them, have those of another name. */
  readonly kinds?: { readonly names: readonly string[]; readonly choose: (about: Row | Body | undefined) => string };
  /** Verbs that answer 404 for an unknown id before the rule is checked, as Keystone does. */
  readonly notFoundFirst?: readonly Verb[];
  /** How clients see rows, where that needs more than the row. */
  views?(identity: Identity, rows: readonly Row[], call: Call<unknown>): Promise<object[]>;
}
