/** The query of a list of flavors. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { sortsOf } from '#shared/resource/attribute.ts';
import type { Compute } from '../context.ts';
import { mostPerPage } from '../dialect.ts';
import { flavorAttributes } from './resource.ts';
import { listFlavors } from './store.ts';

const sortColumns = sortsOf(flavorAttributes);

const whole = (name: string, text: string | undefined, unset: number): number => {
  if (text === undefined) return unset;
  if (!/^\d+$/.test(text)) throw badRequest(`Invalid ${name} filter [${text}]`);
  return Number(text);
};

/** Who is no administrator sees public ones and those of its project; an administrator chooses. */
function publicRequested({ may, query }: Call): boolean | undefined {
  const asked = query.is_public?.toLowerCase();
  if (!may('context_is_admin')) return undefined;
  if (asked === undefined || asked === '') return true;
  if (asked === 'none') return undefined;
  if (/^(true|1|t|yes|on|y)$/.test(asked)) return true;
  if (/^(false|0|f|no|off|n)$/.test(asked)) return false;
  throw badRequest(`Invalid is_public filter [${query.is_public}]`);
}

/** A page of a list, and the link to the next. */
export async function flavorPage({ db }: Compute, call: Call) {
  const { caller, query } = call;
  const column = own(sortColumns, query.sort_key ?? 'flavorid');
  if (!column) throw badRequest(`Sort key supplied was not valid.`);
  const order = { descending: query.sort_dir === 'desc', notNull: true };
  const limit = Math.min(mostPerPage, whole('limit', query.limit, mostPerPage));
  const rows = await listFlavors(db, caller, {
    isPublic: publicRequested(call),
    minRamMb: whole('minRam', query.minRam, 0),
    minDiskGb: whole('minDisk', query.minDisk, 0),
    sorts: [
      { column, ...order },
      { column: 'id', ...order },
    ],
    marker: query.marker,
    limit,
  });
  const ids = rows.map(({ id }) => id);
  return { rows, extra: call.page('flavors', ids, limit) };
}
