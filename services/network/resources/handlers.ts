/** List, show, create, update and delete go alike for every resource; what differs is its Kind. */
import type { Target } from '#shared/auth/policy.ts';
import type { Who } from '#shared/auth/who.ts';
import { type Answer, type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { policy } from '../policy.ts';
import { fieldsOf, linksOf, listingOf, pick } from './query.ts';
import type { Attributes, Standard, Table } from './store.ts';
import { type May, ownersOf } from './values.ts';

export type Wish = Readonly<Record<string, unknown>>;

/** What sets one resource apart from the others. Everything that writes runs inside a transaction. */
export interface Kind<Row extends Standard, W extends object> {
  /** As bodies spell it: `security_group`. */
  readonly one: string;
  readonly many: string;
  readonly attributes: Attributes;
  readonly rows: Pick<Table<Row>, 'list' | 'find'>;
  views(network: Network, rows: readonly Row[], may: May): Promise<object[]>;
  /** What rules look at beside the thing's own project: what it belongs to. */
  target?(network: Network, thing: Thing<Row, W>): Promise<Target>;
  /** Throws the 404 of what a wish is to be part of, when `who` may not see that. */
  findParent?(network: Network, who: Who, wish: W): Promise<unknown>;
  create(network: Network, who: Who, wish: W, projectId: string): Promise<Row>;
  update?(network: Network, who: Who, row: Row, wish: W): Promise<Row>;
  remove(network: Network, who: Who, row: Row): Promise<void>;
}

/** One that is there, or one that is wished for. */
type Thing<Row, W> = Row | (W & { readonly projectId: string });

type Body = Readonly<Record<string, unknown>>;

export function handlersOf<Row extends Standard, W extends object>(kind: Kind<Row, W>) {
  const list: Handler<Network> = async (network, call) => {
    const listing = listingOf(call, kind.attributes);
    const rows = await kind.rows.list(network.db, call.who, listing);
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
  const answer = async (network: Network, row: Row, call: Call<never>): Promise<object> => {
    const [view = {}] = await kind.views(network, [row], call.may);
    return { [kind.one]: pick(view, fieldsOf(call)) };
  };
  const show: Handler<Network> = async (network, call) =>
    ok(await answer(network, await kind.rows.find(network.db, call.who, call.params.id ?? ''), call));
  const create: Handler<Network, Body> = async (network, call) => {
    const bulk = call.body[kind.many] as W[] | undefined;
    if (bulk) return createAll(kind, network, call, bulk);
    const wish = call.body[kind.one] as W;
    const row = await atomically(network, (within) => createOne(kind, within, call, wish));
    return created(await answer(network, row, call as Call<never>));
  };
  const update: Handler<Network, Body> = async (network, call) => {
    const wish = call.body[kind.one] as W;
    const row = await atomically(network, async (within) => {
      const before = await kind.rows.find(within.db, call.who, call.params.id ?? '');
      const target = await targetOf(kind, within, before);
      authorizeAll(call, `update_${kind.one}`, wish as Wish, { ...target, ...(wish as Wish), ...ownersOf(before) });
      return kind.update?.(within, call.who, before, wish) ?? before;
    });
    return ok(await answer(network, row, call as Call<never>));
  };
  const remove: Handler<Network> = async (network, call) => {
    await atomically(network, async (within) => {
      const row = await kind.rows.find(within.db, call.who, call.params.id ?? '');
      call.authorize(`delete_${kind.one}`, await targetOf(kind, within, row));
      await kind.remove(within, call.who, row);
    });
    return gone();
  };
  return { list, show, create, update, remove };
}

async function createOne<Row extends Standard, W extends object>(
  kind: Kind<Row, W>,
  network: Network,
  call: Pick<Call, 'who' | 'authorize'>,
  wish: W,
): Promise<Row> {
  const { project_id, tenant_id } = wish as { project_id?: string; tenant_id?: string };
  const projectId = project_id ?? tenant_id ?? call.who.projectId ?? '';
  await kind.findParent?.(network, call.who, wish);
  const target = await targetOf(kind, network, { ...wish, projectId });
  authorizeAll(call, `create_${kind.one}`, wish as Wish, { ...wish, ...target });
  return kind.create(network, call.who, wish, projectId);
}

const targetOf = async <Row extends Standard, W extends object>(
  { target }: Kind<Row, W>,
  network: Network,
  thing: Thing<Row, W>,
): Promise<Target> => ({ ...ownersOf(thing), ...(await target?.(network, thing)) });

/** All of them, or none. */
async function createAll<Row extends Standard, W extends object>(
  kind: Kind<Row, W>,
  network: Network,
  call: Pick<Call, 'who' | 'authorize' | 'may'>,
  wishes: readonly W[],
): Promise<Answer> {
  const rows = await atomically(network, async (within) => {
    const made: Row[] = [];
    for (const wish of wishes) made.push(await createOne(kind, within, call, wish));
    return made;
  });
  return created({ [kind.many]: await kind.views(network, rows, call.may) });
}

/** The rule of the verb, and of each attribute that has one and was asked for. */
function authorizeAll(call: Pick<Call, 'authorize'>, rule: string, wish: Wish, target: Target): void {
  call.authorize(rule, target);
  const creating = rule.startsWith('create_');
  for (const [name, value] of Object.entries(wish)) {
    if (creating && isDefault(value)) continue;
    for (const deeper of rulesBelow(`${rule}:${name}`, value)) call.authorize(deeper, target);
  }
}

/** Clients that always send every attribute ask for nothing special by it. */
const isDefault = (value: unknown): boolean =>
  value === null || value === false || value === '' || (Array.isArray(value) && value.length === 0);

/** `create_port:fixed_ips` and, since an address is in it, `create_port:fixed_ips:ip_address`. */
function rulesBelow(rule: string, value: unknown): string[] {
  const inside = Array.isArray(value) ? value : [value];
  const keys = inside.flatMap((each) => (each !== null && typeof each === 'object' ? Object.keys(each) : []));
  return [rule, ...new Set(keys.map((key) => `${rule}:${key}`))].filter((each) => each in policy);
}
