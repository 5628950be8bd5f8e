/** Groups of endpoints that are associated with projects. */
import { badRequest } from '#shared/errors/fault.ts';
import { attributeOf } from '#shared/resource/attribute.ts';
import { both, text } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';

/** The attributes of endpoints that a group can name, and their columns; all that it names must match. */
export const filterColumns = {
  service_id: 'serviceId',
  region_id: 'regionId',
  interface: 'interface',
  enabled: 'enabled',
} as const;

const filters = attributeOf<Readonly<Record<string, unknown>>>({
  kind: 'json',
  input: { type: 'object' },
  parse: (sent) => {
    const given = Object.keys(sent ?? {});
    const unknownKeys = given.filter((key) => !Object.hasOwn(filterColumns, key));
    if (unknownKeys.length > 0) throw badRequest(`An endpoint group cannot filter by ${unknownKeys.join(', ')}.`);
    return (sent ?? {}) as Readonly<Record<string, unknown>>;
  },
});

export const endpointGroup = resource({
  one: 'endpoint_group',
  path: '/OS-EP-FILTER/endpoint_groups',
  table: 'endpoint_groups',
  attributes: {
    id: text({}),
    name: text({ set: both, required: true, filter: true, input: { type: 'string', minLength: 1, maxLength: 255 } }),
    description: text({ set: both, nullable: true, default: null }),
    filters: filters({ set: both, required: true }),
  },
});
export type EndpointGroup = Row<typeof endpointGroup>;
