/** Conditional headers (If-Match and others) and ranges. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { secondsOf } from '#shared/ring/timestamp.ts';

const hasTag = (list: string, etag: string): boolean =>
  list.split(',').some((word) => word.trim() === '*' || word.trim().replace(/^W\//, '').replaceAll('"', '') === etag);

/** Returns 412 or 304, or undefined when all conditions hold. Tags are checked before times. */
export function conditionOf(asked: Headers, etag: string, timestamp: string): 304 | 412 | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = asked;
  const bare = etag.replaceAll('"', '');
  const modified = Math.ceil(secondsOf(timestamp)) * 1000;
  if (noneMatch !== undefined && hasTag(noneMatch, bare)) return 304;
  if (match !== undefined && !hasTag(match, bare)) return 412;
  if (modified <= Date.parse(asked['if-modified-since'] ?? '')) return 304;
  if (modified > Date.parse(asked['if-unmodified-since'] ?? '')) return 412;
  return undefined;
}

export interface Range {
  readonly from: number;
  /** The last byte, inclusive. */
  readonly to: number;
}

/** The limits of a Range header: with more the same bytes would be sent again and again. */
const most = { ranges: 50, overlaps: 2, unordered: 8 };

/** Parses a Range header. Undefined: the whole object, also for an invalid header; empty: a 416. */
export function rangesOf(header: string | undefined, length: number): readonly Range[] | undefined {
  const [unit, list, ...more] = header?.replaceAll(' ', '').split('=') ?? [];
  if (unit?.toLowerCase() !== 'bytes' || list === undefined || more.length > 0) return undefined;
  const words = list.split(',');
  if (!words.every((word) => /^(\d+-\d*|-\d+)$/.test(word))) return undefined;
  const ends = words.map((word) => word.split('-') as [first: string, last: string]);
  if (ends.some(([first, last]) => first !== '' && last !== '' && Number(last) < Number(first))) return undefined;
  if (length === 0 && ends.some(([first, last]) => first === '' && Number(last) > 0)) return undefined;
  const ranges = ends
    .map(([first, last]): Range => {
      if (first === '')
        return { from: Number(last) === 0 ? length : Math.max(0, length - Number(last)), to: length - 1 };
      return { from: Number(first), to: last === '' ? length - 1 : Math.min(Number(last), length - 1) };
    })
    .filter(({ from }) => from < length);
  return isTooMuch(ranges) ? [] : ranges;
}

function isTooMuch(ranges: readonly Range[]): boolean {
  if (ranges.length > most.ranges) return true;
  const pairs = ranges.flatMap((a, at) => ranges.slice(at + 1).map((b): [Range, Range] => [a, b]));
  const overlaps = pairs.filter(([a, b]) => a.from <= b.to && b.from <= a.to);
  const ordered = ranges.every(({ from }, at) => at === 0 || (ranges[at - 1]?.from ?? 0) <= from);
  return overlaps.length > most.overlaps || (!ordered && ranges.length >= most.unordered);
}

export const isConditional = (asked: Headers): boolean =>
  ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'].some(
    (name) => asked[name] !== undefined,
  );
