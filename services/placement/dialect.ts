import { STATUS_CODES } from 'node:http';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Dialect, Header } from '#shared/http/dialect.ts';

export const oldest: Version = '1.0';
export const newest: Version = '1.39';

/** Clients switch on these, in the field `code`. */
export const codes = {
  inventoryInUse: 'placement.inventory.inuse',
  concurrentUpdate: 'placement.concurrent_update',
  duplicateName: 'placement.duplicate_name',
  providerInUse: 'placement.resource_provider.inuse',
  cannotDeleteParent: 'placement.resource_provider.cannot_delete_parent',
  providerNotFound: 'placement.resource_provider.not_found',
  duplicateKey: 'placement.query.duplicate_key',
  badValue: 'placement.query.bad_value',
  missingValue: 'placement.query.missing_value',
} as const;
const unnamed = 'placement.undefined_code';
const known: ReadonlySet<string> = new Set(Object.values(codes));

export const placement: Dialect = {
  version,
  fault: ({ status, message, type = '' }, { id, version: asked }) => ({
    body: {
      errors: [
        {
          status,
          title: STATUS_CODES[status] ?? 'Error',
          detail: message,
          ...(asked !== undefined && atLeast(asked, '1.23') ? { code: known.has(type) ? type : unnamed } : {}),
          request_id: id,
          ...(status === 406 ? { max_version: newest, min_version: oldest } : {}),
        },
      ],
    },
  }),
  page: () => ({}),
  headers: (asked) => ({
    vary: 'openstack-api-version',
    ...(asked === undefined ? {} : { 'openstack-api-version': `placement ${asked}` }),
  }),
  invalid: ({ where, path, reason }) => {
    const at = path.length > 0 ? ` at ${path.join('.')}` : '';
    return badRequest(
      where === 'query' ? `Invalid query string parameters: ${reason}${at}` : `JSON does not validate: ${reason}${at}`,
    );
  },
};

/** "OpenStack-API-Version: placement 1.39", perhaps among those of other services. */
function version(header: Header): Version {
  const asked = header('openstack-api-version')
    ?.split(',')
    .map((part) => part.trim().match(/^placement (\S+)$/i)?.[1])
    .find((found) => found !== undefined);
  if (asked === undefined) return oldest;
  if (asked === 'latest') return newest;
  if (!/^\d+\.\d+$/.test(asked)) throw badRequest(`invalid version string: ${asked}`);
  if (!atLeast(asked as Version, oldest) || !atLeast(newest, asked as Version))
    throw new Fault(406, 'notAcceptable', `Unacceptable version header: ${asked}`);
  return asked as Version;
}
