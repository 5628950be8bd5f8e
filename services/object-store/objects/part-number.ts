/** `?part-number=2` of a static large object: the bytes of one segment. Other objects have no parts and ignore it. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Call } from '#shared/http/route.ts';
import { refuse } from '../requests/refusals.ts';
import type { Range } from './conditions.ts';
import type { Source } from './source.ts';

/** The asked range of the whole; undefined when no part is asked. Throws 400, and 416 behind the last part. */
export function partRange(
  { query, method }: Pick<Call, 'query' | 'method'>,
  asked: Headers,
  { partLengths, length }: Source,
): Range | undefined {
  const text = query['part-number'];
  if (text === undefined || partLengths === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw refuse(400, 'Part number must be an integer greater than 0');
  if (asked.range !== undefined) throw refuse(400, 'Range requests are not supported with part number queries');
  const number = Number(text);
  const from = partLengths.slice(0, number - 1).reduce((sum, each) => sum + each, 0);
  const size = partLengths[number - 1];
  if (size !== undefined) return { from, to: from + size - 1 };
  const about = { 'content-range': `bytes */${length}`, 'x-parts-count': String(partLengths.length) };
  throw refuse(416, method === 'HEAD' ? '' : 'The requested part number is not satisfiable', about);
}
