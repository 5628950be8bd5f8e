/** List, show, create, update and delete are the same for every resource; its definition and its operations differ. */
import type { Caller } from '#shared/auth/caller.ts';
import type { Target } from '#shared/auth/policy.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Answer, type Call, created, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Attributes, ChangeOf, NewOf, Query } from '#shared/resource/attribute.ts';
import { type Body, defaultsOf, parseCreate, parseUpdate } from '#shared/resource/body.ts';
import { atomically, type Network } from '../context.ts';
import { sharedAmong } from '../sharing/store.ts';
import { fieldsOf, linksOf, listingOf, pick } from './query.ts';
import type { Action, Resource } from './resource.ts';
import { projectFor, revisionAsked, rulesOfCreate, rulesOfUpdate } from './rules.ts';
import { ownersOf } from './values.ts';

/** What every row has that has an API. */
export interface Owned {
  readonly id: string;
  readonly projectId: string;
  readonly revision: number;
}

type Sight = Pick<Call, 'may' | 'queries' | 'caller'>;

/** What a resource does by itself. Everything that writes runs inside a transaction. */
export interface Operations<Row, New, Change> {
  create?(network: Network, caller: Caller, input: New, projectId: string, parentId: string): Promise<Row>;
  /** By the last word of the path: `add_extraroutes`. */
  readonly actions?: Readonly<Record<string, Action<Row>>>;
  /** The answer has the row as it is stored then. */
  update?(network: Network, caller: Caller, before: Row, change: Change): Promise<unknown>;
  remove?(network: Network, caller: Caller, row: Row): Promise<void>;
  /** What clients see of a row beside its columns, or instead of them, by column. Called once for all rows of an answer. */
  related?(network: Network, rows: readonly Row[], sight: Sight): Promise<(row: Row) => object>;
  /** What rules look at of the row that this one is part of. */
  target?(network: Network, caller: Caller, row: Row): Promise<Target>;
  /** The same of the row that a new one is to be part of. Throws its 404 when the caller may not see it. */
  targetOfNew?(network: Network, caller: Caller, input: New): Promise<Target>;
  /** What rules ask of a value: of the new one where the body names it, else of the row's. */
  targetOfValues?(input: Change, before?: Row): Target;
  /** The target of the rule for reading, where it is not the project of the caller. */
  targetOfRead?(caller: Caller): Target;
}

export function handlersOf<Row extends Owned, As extends Attributes>(
  definition: Resource<Row, As>,
  operations: Operations<Row, NewOf<As>, ChangeOf<As>>,
) {
  const { one, many, attributes, rows, sharing, parent, rule: noun = one } = definition;
  const defaults = defaultsOf(attributes);
  const { related = async () => () => ({}), target, targetOfNew, targetOfValues, targetOfRead } = operations;

  const objectOf = (row: Row) => String(Reflect.get(row, sharing?.from ?? 'id'));
  /** Those of the rows that are shared with the caller's project. */
  const sharedOf = async ({ db }: Network, { projectId }: Caller, found: readonly Row[]) => {
    if (!sharing) return () => ({});
    const shared = await sharedAmong(db, projectId, sharing.type, found.map(objectOf));
    return (row: Row) => ({ shared: shared.has(objectOf(row)) });
  };
  const targetOf = async (network: Network, caller: Caller, row: Row): Promise<Target> => ({
    ...ownersOf(row),
    ...(parent && parentTarget(row)),
    ...(await sharedOf(network, caller, [row]))(row),
    ...(await target?.(network, caller, row)),
  });
  const views = async (network: Network, found: readonly Row[], sight: Sight) => {
    const more = await related(network, found, sight);
    const shared = await sharedOf(network, sight.caller, found);
    const seen = new Map<string, Sight['may']>();
    return found.map((row) => {
      const may = seen.get(row.projectId) ?? decidedOnce((rule) => sight.may(rule, ownersOf(row)));
      seen.set(row.projectId, may);
      return definition.view({ ...row, ...shared(row), ...more(row) }, { may });
    });
  };
  const answer = async (network: Network, row: Row, call: Call): Promise<object> => {
    const [view = {}] = await views(network, [row], call);
    return { [one]: pick(view, fieldsOf(call)) };
  };
  const authorizeRead = ({ caller, authorize }: Pick<Call, 'caller' | 'authorize'>, within: Owner | undefined) => {
    if (within) authorize(`get_${noun}`, parentTarget(within));
    else if (targetOfRead) authorize(`get_${noun}`, targetOfRead(caller));
  };
  const parentOf = async ({ db }: Network, { caller, params }: Pick<Call, 'caller' | 'params'>) =>
    parent?.find(db, caller, String(Reflect.get(params, parent.param)));
  const find = async (network: Network, call: Call<unknown, 'id'>, within: Owner | undefined): Promise<Row> => {
    const row = await rows.find(network.db, call.caller, call.params.id);
    if (!parent || !within || Reflect.get(row, parent.column) === within.id) return row;
    const [type, words] = definition.missing;
    throw new Fault(404, 'notFound', words(call.params.id), { type });
  };
  /** The row of the path, unchanged since the revision that the caller has seen, where the caller says so. */
  const findForWrite = async (network: Network, call: Call<unknown, 'id'>, lock = false): Promise<Row> => {
    const asked = revisionAsked(call.header);
    const within = await parentOf(network, call);
    if (asked !== undefined || lock) await rows.lock(network.db, call.params.id);
    const row = await find(network, call, within);
    if (asked === undefined) return row;
    if (row.revision === asked) return row;
    const message = `Constrained to ${asked}, but current revision is ${row.revision}`;
    throw new Fault(412, 'preconditionFailed', message, { type: 'RevisionNumberConstraintFailed' });
  };
  const createOne = async (network: Network, call: Call, body: Body): Promise<Row> => {
    const { caller, authorize } = call;
    const within = await parentOf(network, call);
    const projectId = within?.projectId ?? projectFor(caller, body);
    const input = parseCreate(attributes, body);
    const whole = {
      ...ownersOf({ projectId }),
      ...(within && parentTarget(within)),
      ...(await targetOfNew?.(network, caller, input)),
      ...targetOfValues?.(parseUpdate(attributes, body)),
    };
    for (const rule of rulesOfCreate(noun, body, defaults)) authorize(rule, whole);
    if (!operations.create) throw new Error(`${many} are not created`);
    return operations.create(network, caller, input, projectId, within?.id ?? '');
  };
  /** All of them, or none. */
  const createAll = async (network: Network, call: Call, bodies: readonly Body[]): Promise<Answer> => {
    const made = await atomically(network, async (within) => {
      const created: Row[] = [];
      for (const body of bodies) created.push(await createOne(within, call, body));
      return created;
    });
    return created({ [many]: await views(network, made, call) });
  };

  const list: Handler<Network> = async (network, call) => {
    const within = await parentOf(network, call);
    authorizeRead(call, within);
    const asked = listingOf(call, attributes, sharing);
    const inParent = (query: Query) => void query.where({ [parent?.column ?? '']: within?.id ?? '' });
    const listing = within ? { ...asked, filters: [...asked.filters, inParent] } : asked;
    const found = await rows.list(network.db, call.caller, listing);
    const fields = fieldsOf(call);
    const ids = found.map(({ id }) => id);
    const links = linksOf(call, listing, ids);
    const beside = links.length > 0 ? { [`${many}_links`]: links } : {};
    const seen = await views(network, found, call);
    return ok({ [many]: seen.map((view) => pick(view, fields)), ...beside });
  };
  const show: Handler<Network, unknown, 'id'> = async (network, call) => {
    const within = await parentOf(network, call);
    authorizeRead(call, within);
    return ok(await answer(network, await find(network, call, within), call));
  };
  const create: Handler<Network, Body> = async (network, call) => {
    const bulk = call.body[many] as readonly Body[] | undefined;
    // Each may be wrapped in its name once more.
    const bodies = bulk?.map((each) => (each[one] ?? each) as Body) ?? [call.body[one] as Body];
    await refuseUnknownProjects(network, call, bodies);
    if (bulk) return createAll(network, call, bodies);
    const row = await atomically(network, (within) => createOne(within, call, bodies[0] ?? {}));
    return created(await answer(network, row, call));
  };
  const update: Handler<Network, Readonly<Record<string, Body>>, 'id'> = async (network, call) => {
    const body = call.body[one] ?? {};
    const row = await atomically(network, async (within) => {
      const change = parseUpdate(attributes, body);
      const before = await findForWrite(within, call);
      const whole = { ...(await targetOf(within, call.caller, before)), ...targetOfValues?.(change, before) };
      for (const rule of rulesOfUpdate(noun, body)) call.authorize(rule, whole);
      await operations.update?.(within, call.caller, before, change);
      return (await rows.get(within.db, before.id)) ?? before;
    });
    return ok(await answer(network, row, call));
  };
  const remove: Handler<Network, unknown, 'id'> = async (network, call) => {
    await atomically(network, async (within) => {
      const row = await findForWrite(within, call);
      call.authorize(`delete_${noun}`, await targetOf(within, call.caller, row));
      await operations.remove?.(within, call.caller, row);
    });
    return noContent();
  };
  const act =
    ({ rules, change }: Action<Row>): Handler<Network, Body, 'id'> =>
    async (network, call) => {
      const input = (call.body[one] ?? call.body) as Body;
      const row = await atomically(network, async (within) => {
        const before = await findForWrite(within, call, true);
        const target = await targetOf(within, call.caller, before);
        for (const rule of rules) call.authorize(rule, target);
        await change(within, call.caller, before, input);
        return (await rows.get(within.db, before.id)) ?? before;
      });
      return ok(await answer(network, row, call));
    };
  return { list, show, create, update, remove, act, targetOf };
}

type Owner = Pick<Owned, 'id' | 'projectId'>;

/** What is part of another resource belongs to the project of that one. */
const parentTarget = ({ projectId }: Pick<Owned, 'projectId'>): Target => ({
  ...ownersOf({ projectId }),
  'ext_parent:project_id': projectId,
});

/** Asks for each rule once. */
function decidedOnce(decide: (rule: string) => boolean): (rule: string) => boolean {
  const decided = new Map<string, boolean>();
  return (rule) => {
    const known = decided.get(rule) ?? decide(rule);
    decided.set(rule, known);
    return known;
  };
}

/** An administrator may mistype the id of a project. Services name those of their own callers. */
async function refuseUnknownProjects(
  network: Network,
  { caller, may }: Pick<Call, 'caller' | 'may'>,
  bodies: readonly Body[],
): Promise<void> {
  const named = new Set(bodies.map((body) => projectFor(caller, body)));
  named.delete(caller.projectId ?? '');
  if (may('service_api')) return;
  for (const id of named)
    if (!(await network.projectExists(id)))
      throw badRequest(`Invalid input for project_id. Reason: project '${id}' does not exist.`, 'HTTPBadRequest');
}
