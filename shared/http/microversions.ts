/** Microversion headers: "OpenStack-API-Version: compute 2.47", possibly in a list with those of other services. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Dialect, Header } from './dialect.ts';

export interface Microversions {
  /** The name of the API in the header: `compute`. */
  readonly service: string;
  readonly oldest: Version;
  readonly newest: Version;
  /** The older header of this API, which has only the number. */
  readonly ownHeader?: string;
  /** The messages of this API; by default those of Nova and Cinder. */
  readonly messages?: Messages;
}

interface Messages {
  /** The format of a version. */
  readonly number: RegExp;
  readonly malformed: (asked: string) => string;
  readonly unknown: (asked: string, of: Pick<Microversions, 'oldest' | 'newest'>) => string;
}

const defaultMessages: Messages = {
  number: /^[1-9]\d*\.(0|[1-9]\d*)$/,
  malformed: (asked) => `API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`,
  unknown: (asked, { oldest, newest }) =>
    `Version ${asked} is not supported by the API. Minimum is ${oldest} and maximum is ${newest}.`,
};

const common = 'OpenStack-API-Version';

/** Returns the dialect functions that read the requested microversion and set the headers of the answer. */
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
  const { service, oldest, newest, ownHeader, messages = defaultMessages } = of;
  const asked = named(header, service) ?? (ownHeader && header(ownHeader.toLowerCase())) ?? oldest;
  if (asked === 'latest') return newest;
  if (!messages.number.test(asked)) throw badRequest(messages.malformed(asked));
  const version = asked as Version;
  if (atLeast(version, oldest) && atLeast(newest, version)) return version;
  throw new Fault(406, 'notAcceptable', messages.unknown(asked, of));
}

const named = (header: Header, service: string): string | undefined =>
  header(common.toLowerCase())
    ?.split(',')
    .map((part) => part.trim().split(/\s+/))
    .find(([name, , ...more]) => name?.toLowerCase() === service && more.length === 0)?.[1];
