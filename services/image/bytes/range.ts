import { badRequest, Fault } from '#shared/errors/fault.ts';

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Parses one range, from `Range: bytes=0-99` or, as Glance also accepts, `Content-Range: bytes 0-99/*`. Undefined without a range. */
export function rangeOf(range: string | undefined, contentRange: string | undefined, size: number): Range | undefined {
  const asked = range?.match(/^bytes=(\d*)-(\d*)$/) ?? contentRange?.match(/^bytes (\d+)-(\d+)\/(?:\d+|\*)$/);
  if (!asked) {
    if (range === undefined && contentRange === undefined) return undefined;
    throw badRequest('Range requests are limited to one range of bytes.');
  }
  const [, first = '', last = ''] = asked;
  if (first === '' && last === '') throw badRequest('Range requests are limited to one range of bytes.');
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start >= size || start > end)
    throw new Fault(416, 'badRange', `The image has ${size} bytes, the range asked for is not within them.`, {
      headers: { 'content-range': `bytes */${size}` },
    });
  return { start, end };
}
