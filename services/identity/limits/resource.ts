/** Registered limits (defaults), and limits of single projects and domains. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Body } from '#shared/resource/body.ts';
import { both, integer, reference, text, textOrNull } from '../resources/attributes.ts';
import { type New, type Row, resource } from '../resources/resource.ts';
import { newId } from '../resources/store.ts';

const amount = { type: 'integer', minimum: -1, maximum: 2_147_483_647 } as const;

/** What a limit is of. */
const place = <const V extends 'create' | 'update'>(set: readonly V[]) => ({
  service_id: text({ set, required: true, filter: true, input: reference }),
  /** Empty for no region: two NULLs would not be equal. */
  region_id: text({ set, default: '', filter: true, input: textOrNull, show: (id) => id || null }),
  resource_name: text({ set, required: true, filter: true, input: { type: 'string', minLength: 1, maxLength: 255 } }),
});
const placeColumns = ['serviceId', 'regionId', 'resourceName'] as const;
const description = text({ set: both, nullable: true, default: null });

export const registeredLimit = resource({
  one: 'registered_limit',
  path: '/registered_limits',
  table: 'registered_limits',
  unique: { columns: placeColumns, found: ({ resourceName }) => ` for ${resourceName}` },
  attributes: {
    id: text({}),
    ...place(both),
    default_limit: integer({ set: both, required: true, input: amount }),
    description,
  },
});

const owner = text({ column: null, set: ['create'], nullable: true, input: reference });

export const limit = resource({
  one: 'limit',
  path: '/limits',
  table: 'limits',
  unique: { columns: ['ownerId', ...placeColumns], found: ({ resourceName }) => ` for ${resourceName}` },
  filters: { project_id: 'ownerId', domain_id: 'ownerId' },
  attributes: {
    id: text({}),
    project_id: owner,
    domain_id: owner,
    ...place(['create']),
    resource_limit: integer({ set: both, required: true, input: amount }),
    description,
    /** `project` or `domain`. */
    owner_kind: text({ hidden: true }),
    owner_id: text({ hidden: true }),
  },
});

export type RegisteredLimit = Row<typeof registeredLimit>;
export type Limit = Row<typeof limit>;

export function newLimit(body: Body): Limit {
  const { project_id: project, domain_id: domain } = body as Record<string, string | null | undefined>;
  if (Boolean(project) === Boolean(domain)) throw badRequest('A limit belongs to a project or to a domain: name one.');
  const input: New<typeof limit> = limit.create(body);
  return { ...input, id: newId(), ownerKind: project ? 'project' : 'domain', ownerId: project || domain || '' };
}

export const limitView = (row: Limit, base: string) => ({
  ...limit.view(row, base),
  [`${row.ownerKind}_id`]: row.ownerId,
});

export type Place = Pick<RegisteredLimit, 'serviceId' | 'regionId' | 'resourceName'>;
export const placeOf = ({ serviceId, regionId, resourceName }: Place): Place => ({ serviceId, regionId, resourceName });
