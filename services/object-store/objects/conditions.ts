/** If-Match and its kin, and which bytes are wanted. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { secondsOf } from '#shared/ring/timestamp.ts';

const hasTag = (list: string, etag: string): boolean =>
  list.split(',').some((word) => word.trim() === '*' || word.trim().replace(/^W\//, '').replaceAll('"', '') === etag);

/** The status that ends it: 412, 304, or undefined to go on. */
export function conditionOf(asked: Headers, etag: string, timestamp: string): 304 | 412 | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = asked;
  const bare = etag.replaceAll('"', '');
  const modified = Math.ceil(secondsOf(timestamp)) * 1000;
  if (match !== undefined && !hasTag(match, bare)) return 412;
  if (noneMatch !== undefined && hasTag(noneMatch, bare)) return 304;
  const since = Date.parse(asked['if-modified-since'] ?? '');
  if (noneMatch === undefined && modified <= since) return 304;
  const until = Date.parse(asked['if-unmodified-since'] ?? '');
  return match === undefined && modified > until ? 412 : undefined;
}

export interface Range {
  readonly from: number;
  /** The last byte, counted too. */
  readonly to: number;
}

const mostRanges = 50;

/** Undefined: the whole; empty: none of it is there (416). A header that is not understood does not count. */
export function rangesOf(header: string | undefined, length: number): readonly Range[] | undefined {
  const words = header
    ?.match(/^\s*bytes\s*=\s*(.+)$/i)?.[1]
    ?.split(',')
    .map((word) => word.trim());
  if (!words || words.length > mostRanges || !words.every((word) => /^(\d+-\d*|-\d+)$/.test(word))) return undefined;
  const ranges = words.map((word): Range => {
    const [first = '', last = ''] = word.split('-');
    if (first === '') return { from: last === '0' ? length : Math.max(0, length - Number(last)), to: length - 1 };
    return { from: Number(first), to: last === '' ? length - 1 : Math.min(Number(last), length - 1) };
  });
  const wrong = words.some((word) => {
    const [first = '', last = ''] = word.split('-');
    return first !== '' && last !== '' && Number(last) < Number(first);
  });
  return wrong ? undefined : ranges.filter(({ from }) => from < length);
}

export const isConditional = (asked: Headers): boolean =>
  ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'].some(
    (name) => asked[name] !== undefined,
  );
