/** Scheduler hints that need more than a list of servers: `query` and `build_near_host_ip`. */
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import { isWithin } from '#shared/net/addresses.ts';

type Hints = Readonly<Record<string, unknown>>;
type Term = string | number | readonly Term[];
/** What a query can ask of a host, as in Nova's JSON filter. */
export type HostValues = Readonly<Record<`$${string}`, string | number>>;

const compare = (test: (first: string | number, second: string | number) => boolean) => (values: readonly unknown[]) =>
  values.length > 1 && values.slice(1).every((value) => test(values[0] as string, value as string));

const operators: Readonly<Record<string, (values: readonly unknown[]) => boolean>> = {
  '=': compare((a, b) => String(a) === String(b)),
  '<': compare((a, b) => Number(a) < Number(b)),
  '>': compare((a, b) => Number(a) > Number(b)),
  '<=': compare((a, b) => Number(a) <= Number(b)),
  '>=': compare((a, b) => Number(a) >= Number(b)),
  in: ([first, ...others]) => others.map(String).includes(String(first)),
  and: (values) => values.every(Boolean),
  or: (values) => values.some(Boolean),
  not: (values) => !values[0],
};

/** The names that a query may use: those of `valuesOf` in placing.ts. */
export const queryNames: readonly string[] = [
  '$free_ram_mb',
  '$total_usable_ram_mb',
  '$free_disk_mb',
  '$total_usable_disk_gb',
  '$vcpus_total',
  '$vcpus_used',
  '$num_instances',
  '$hypervisor_hostname',
  '$hypervisor_type',
  '$host',
];

/** Throws 400 for hints that cannot be followed. */
export function checkHints(hints: Hints): void {
  for (const name of ['target_cell', 'different_cell'])
    if (hints[name] !== undefined)
      throw badRequest(`The scheduler hint ${name} is not supported: this cloud is one cell.`);
  if (hints.query !== undefined) checkTerm(parseQuery(hints.query));
  const { build_near_host_ip: near, cidr = '/24' } = hints;
  if (near !== undefined && !isRange(`${near}${cidr}`))
    throw badRequest(
      `The scheduler hint cidr ${String(cidr)} is no length of a prefix for ${String(near)}, such as /24.`,
    );
}

const isRange = (range: string): boolean => {
  try {
    return isWithin(range.split('/')[0] ?? '', range);
  } catch {
    return false;
  }
};

/** The range of addresses of hosts that the hints ask for. */
export const rangeOf = ({ build_near_host_ip: near, cidr = '/24' }: Hints): string | null =>
  near === undefined ? null : `${String(near)}${String(cidr)}`;

const refusal = (why: string) => badRequest(`The scheduler hint query cannot be followed: ${why}.`);

function parseQuery(query: unknown): Term {
  if (typeof query !== 'string') throw refusal('it is not a JSON text');
  try {
    return JSON.parse(query) as Term;
  } catch {
    throw refusal('it is no JSON');
  }
}

const deepest = 20;

function checkTerm(term: Term, depth = 0): void {
  if (depth > deepest) throw refusal(`it is nested deeper than ${deepest}`);
  if (typeof term === 'string' && term.startsWith('$') && !queryNames.includes(term))
    throw refusal(`${term} is unknown, known are ${queryNames.join(', ')}`);
  if (!Array.isArray(term)) return;
  const [operator, ...rest] = term as readonly Term[];
  if (typeof operator !== 'string' || !own(operators, operator))
    throw refusal(`${JSON.stringify(operator)} is no operator, known are ${Object.keys(operators).join(', ')}`);
  for (const each of rest) checkTerm(each, depth + 1);
}

/** Whether a host meets the query; undefined without one. */
export function meetsQuery({ query }: Hints, values: HostValues): boolean | undefined {
  return query === undefined ? undefined : Boolean(valueIn(parseQuery(query), values));
}

function valueIn(term: Term, values: HostValues): unknown {
  if (typeof term === 'string') return own(values, term as `$${string}`) ?? term;
  if (!Array.isArray(term)) return term;
  const [operator, ...rest] = term as readonly Term[];
  return own(operators, String(operator))?.(rest.map((each) => valueIn(each, values)));
}
