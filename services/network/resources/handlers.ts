/** List, show, create, update and delete go alike for every resource; what differs is its Kind. */

import type { Caller } from '#shared/auth/caller.ts';
import type { Target } from '#shared/auth/policy.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Answer, type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { fieldsOf, linksOf, listingOf, pick } from './query.ts';
import { type Body, type Defaults, projectFor, revisionAsked, rulesOfCreate, rulesOfUpdate } from './rules.ts';
import type { Attributes, Standard, Table } from './store.ts';
import { type May, ownersOf } from './values.ts';

/** What sets one resource apart from the others. Everything that writes runs inside a transaction. */
export interface Kind<Row extends Standard, W extends object> {
  /** As bodies spell it: `security_group`. */
  readonly one: string;
  readonly many: string;
  readonly attributes: Attributes;
  /** What an attribute with a rule is when a body does not name it. One that is not here is asked whenever it is named. */
  readonly defaults?: Defaults;
  /** Attributes that only those filter and sort by who pass `get_<one>:<attribute>`. The view hides them too. */
  readonly guarded?: readonly string[];
  readonly rows: Pick<Table<Row>, 'list' | 'find' | 'lock'>;
  views(network: Network, rows: readonly Row[], may: May): Promise<object[]>;
  /** What rules look at of the row that this one is part of. */
  target?(network: Network, row: Row): Promise<Target>;
  /** The same of the row that a new one is to be part of. Throws its 404 when the caller may not see it. */
  targetOfNew?(network: Network, caller: Caller, body: W): Promise<Target>;
  /** What rules ask of a value: of the new one where the body names it, else of the row's. */
  targetOfValues?(body: Partial<W>, before?: Row): Target;
  create(network: Network, caller: Caller, body: W, projectId: string): Promise<Row>;
  update?(network: Network, caller: Caller, row: Row, body: W): Promise<Row>;
  remove(network: Network, caller: Caller, row: Row): Promise<void>;
}

export function handlersOf<Row extends Standard, W extends object>(kind: Kind<Row, W>) {
  const list: Handler<Network> = async (network, call) => {
    const listing = listingOf(call, kind.attributes, hiddenFrom(kind, call));
    const rows = await kind.rows.list(network.db, call.caller, listing);
    const fields = fieldsOf(call);
    const views = await kind.views(network, rows, call.may);
    const links = linksOf(
      call,
      listing,
      rows.map(({ id }) => id),
    );
    const beside = links.length > 0 ? { [`${kind.many}_links`]: links } : {};
    return ok({ [kind.many]: views.map((view) => pick(view, fields)), ...beside });
  };
  const answer = async (network: Network, row: Row, call: Call): Promise<object> => {
    const [view = {}] = await kind.views(network, [row], call.may);
    return { [kind.one]: pick(view, fieldsOf(call)) };
  };
  const show: Handler<Network, unknown, 'id'> = async (network, call) =>
    ok(await answer(network, await kind.rows.find(network.db, call.caller, call.params.id), call));
  const create: Handler<Network, Body> = async (network, call) => {
    const bulk = call.body[kind.many] as readonly Body[] | undefined;
    // Each may be wrapped in its name once more.
    const bodies = bulk?.map((each) => (each[kind.one] ?? each) as Body) ?? [call.body[kind.one] as Body];
    await refuseUnknownProjects(network, call, bodies);
    if (bulk) return createAll(kind, network, call, bodies as readonly W[]);
    const row = await atomically(network, (within) => createOne(kind, within, call, bodies[0] as W));
    return created(await answer(network, row, call));
  };
  const update: Handler<Network, Body> = async (network, call) => {
    const body = call.body[kind.one] as W;
    const row = await atomically(network, async (within) => {
      const before = await findForWrite(kind, within, call);
      const target = { ...(await targetOf(kind, within, before)), ...kind.targetOfValues?.(body, before) };
      for (const rule of rulesOfUpdate(kind.one, body as Body)) call.authorize(rule, target);
      return kind.update?.(within, call.caller, before, body) ?? before;
    });
    return ok(await answer(network, row, call));
  };
  const remove: Handler<Network> = async (network, call) => {
    await atomically(network, async (within) => {
      const row = await findForWrite(kind, within, call);
      call.authorize(`delete_${kind.one}`, await targetOf(kind, within, row));
      await kind.remove(within, call.caller, row);
    });
    return gone();
  };
  return { list, show, create, update, remove };
}

type HandlerCall = Pick<Call, 'caller' | 'authorize' | 'may'>;

/** What a view does not show, no filter and no order may tell. */
const hiddenFrom = <Row extends Standard, W extends object>(
  { one, guarded = [] }: Kind<Row, W>,
  { may }: Pick<Call, 'may'>,
): ReadonlySet<string> => new Set(guarded.filter((name) => !may(`get_${one}:${name}`)));

/** The row of the path, unchanged since the revision that the caller has seen, where the caller says so. */
async function findForWrite<Row extends Standard, W extends object>(
  { rows }: Kind<Row, W>,
  { db }: Network,
  { caller, params, header }: Pick<Call<unknown, 'id'>, 'caller' | 'params' | 'header'>,
): Promise<Row> {
  const { id } = params;
  const asked = revisionAsked(header);
  if (asked === undefined) return rows.find(db, caller, id);
  await rows.lock(db, id);
  const row = await rows.find(db, caller, id);
  if (row.revision === asked) return row;
  const message = `Constrained to ${asked}, but current revision is ${row.revision}`;
  throw new Fault(412, 'preconditionFailed', message, { type: 'RevisionNumberConstraintFailed' });
}

async function createOne<Row extends Standard, W extends object>(
  kind: Kind<Row, W>,
  network: Network,
  { caller, authorize }: HandlerCall,
  body: W,
): Promise<Row> {
  const projectId = projectFor(caller, body as Body);
  const parent = await kind.targetOfNew?.(network, caller, body);
  const target = { ...ownersOf({ projectId }), ...parent, ...kind.targetOfValues?.(body) };
  for (const rule of rulesOfCreate(kind.one, body as Body, kind.defaults ?? {})) authorize(rule, target);
  return kind.create(network, caller, body, projectId);
}

const targetOf = async <Row extends Standard, W extends object>(
  { target }: Kind<Row, W>,
  network: Network,
  row: Row,
): Promise<Target> => ({ ...ownersOf(row), ...(await target?.(network, row)) });

/** Admins name projects by hand, and a typo would make things of nobody. Services name those of their own callers. */
async function refuseUnknownProjects(
  network: Network,
  { caller, may }: HandlerCall,
  bodies: readonly Body[],
): Promise<void> {
  const named = new Set(bodies.map((body) => projectFor(caller, body)));
  named.delete(caller.projectId ?? '');
  if (may('service_api')) return;
  for (const id of named)
    if (!(await network.projectExists(id)))
      throw badRequest(`Invalid input for project_id. Reason: project '${id}' does not exist.`, 'HTTPBadRequest');
}

/** All of them, or none. */
async function createAll<Row extends Standard, W extends object>(
  kind: Kind<Row, W>,
  network: Network,
  call: HandlerCall,
  bodies: readonly W[],
): Promise<Answer> {
  const rows = await atomically(network, async (within) => {
    const made: Row[] = [];
    for (const body of bodies) made.push(await createOne(kind, within, call, body));
    return made;
  });
  return created({ [kind.many]: await kind.views(network, rows, call.may) });
}
