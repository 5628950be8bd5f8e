/** Microversions on the wire: "OpenStack-API-Version: compute 2.47", perhaps among those of other services. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Dialect, Header } from './dialect.ts';

export interface Microversions {
  /** What the header calls the API: `compute`. */
  readonly service: string;
  readonly oldest: Version;
  readonly newest: Version;
  /** A header of its own from older days, with the number alone. */
  readonly ownHeader?: string;
  /** In the family's words; the neutral ones are Nova's and Cinder's. */
  readonly words?: Words;
}

interface Words {
  /** What counts as a number. */
  readonly number: RegExp;
  readonly malformed: (asked: string) => string;
  readonly unknown: (asked: string, of: Pick<Microversions, 'oldest' | 'newest'>) => string;
}

const neutral: Words = {
  number: /^[1-9]\d*\.(0|[1-9]\d*)$/,
  malformed: (asked) => `API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`,
  unknown: (asked, { oldest, newest }) =>
    `Version ${asked} is not supported by the API. Minimum is ${oldest} and maximum is ${newest}.`,
};

const common = 'OpenStack-API-Version';

/** How a family with microversions reads the one that is asked for, and says which one answered. */
export function microversions(of: Microversions): Required<Pick<Dialect, 'version' | 'headers'>> {
  const { service, ownHeader } = of;
  const vary = ownHeader === undefined ? common : `${common}, ${ownHeader}`;
  return {
    version: (header) => versionOf(of, header),
    headers: (asked) => ({
      vary,
      ...(asked === undefined ? {} : { [common.toLowerCase()]: `${service} ${asked}` }),
      ...(asked === undefined || ownHeader === undefined ? {} : { [ownHeader.toLowerCase()]: asked }),
    }),
  };
}

function versionOf(of: Microversions, header: Header): Version {
  const { service, oldest, newest, ownHeader, words = neutral } = of;
  const asked = named(header, service) ?? (ownHeader && header(ownHeader.toLowerCase())) ?? oldest;
  if (asked === 'latest') return newest;
  if (!words.number.test(asked)) throw badRequest(words.malformed(asked));
  const version = asked as Version;
  if (atLeast(version, oldest) && atLeast(newest, version)) return version;
  throw new Fault(406, 'notAcceptable', words.unknown(asked, of));
}

const named = (header: Header, service: string): string | undefined =>
  header(common.toLowerCase())
    ?.split(',')
    .map((part) => part.trim().split(/\s+/))
    .find(([name, , ...more]) => name?.toLowerCase() === service && more.length === 0)?.[1];
