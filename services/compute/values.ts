/** How Nova reads what clients send in a query. */
import { timeOf } from '#shared/api/times.ts';
import { applyPage, type PageOptions, type Query } from '#shared/db/page.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { mostPerPage } from './dialect.ts';

/** Undefined for `None` too, which some clients write where they mean nothing. */
export const unlessNone = (text: string | undefined): string | undefined => (text === 'None' ? undefined : text);

const invalid = (name: string, value: string, reason: string) =>
  badRequest(`Invalid input for query parameters ${name}. Value: ${value}. ${reason}`);

export function limitOf(text: string | undefined): number {
  const sent = unlessNone(text);
  if (sent === undefined) return mostPerPage;
  if (!/^\d+$/.test(sent)) throw invalid('limit', sent, `'${sent}' does not match '^[0-9]*$'`);
  return Math.min(mostPerPage, Number(sent));
}

/** Milliseconds since 1970. */
export function timeParameter(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = timeOf(text);
  if (time === undefined) throw invalid(name, text, `'${text}' is not a 'date-time'`);
  return time;
}

/** A boolean in any spelling that Nova accepts. */
export const isTrue = (value: unknown): boolean =>
  value === true || (typeof value === 'string' && /^(true|1|on|yes|t|y)$/i.test(value));

export interface PageRequest extends Pick<PageOptions, 'sorts'> {
  readonly limit: number;
  /** The last row of the page before, by its `key`. */
  readonly marker?: string | undefined;
  readonly key?: string;
}

/** One page of the rows that `narrow` leaves. Throws Nova's 400 when none of the visible rows is the marker. */
export async function listPage<Row extends object>(
  read: (stored: object) => Row,
  visible: () => Query,
  { sorts, limit, marker, key = 'id' }: PageRequest,
  narrow: (query: Query) => unknown = () => {},
): Promise<Row[]> {
  const after: object | undefined =
    marker === undefined
      ? undefined
      : await visible()
          .where({ [key]: marker })
          .first();
  if (marker !== undefined && !after) throw badRequest(`marker [${marker}] not found`);
  const query = visible();
  narrow(query);
  applyPage(query, { sorts, limit, ...(after ? { after: Object.fromEntries(Object.entries(after)) } : {}) });
  return ((await query) as object[]).map(read);
}
