/** Projects and domains. A domain is a row of the same table. */
import type { Json } from '#shared/api/document.ts';
import type { Query } from '#shared/resource/attribute.ts';
import { tagFilters } from '#shared/resource/tags.ts';
import { both, extra, flag, named, object, reference, text, textOrNull, texts } from '../resources/attributes.ts';
import { type New, type Row, resource } from '../resources/resource.ts';

export const mostTags = 80;
export const tagInput: Json = { type: 'string', minLength: 1, maxLength: 255, pattern: '^[^,/]*$' };

const hasTag = (query: Query, name: string) =>
  query.whereIn('id', (tags: Query) => void tags.from('project_tags').where({ name }).select('projectId'));

const common = {
  id: text({ filter: true }),
  name: named({ set: both, required: true, filter: true, max: 64 }),
  enabled: flag({ set: both, default: true, filter: true }),
  description: text({ set: both, default: '', input: textOrNull }),
  /** In a table of their own. */
  tags: texts({
    column: null,
    set: both,
    input: { type: 'array', maxItems: mostTags, uniqueItems: true, items: tagInput },
    output: { type: 'array', items: { type: 'string' } },
    show: () => [],
  }),
  options: object({ set: both, default: {} }),
  extra,
} as const;
const definition = { table: 'projects', lowered: true, filters: tagFilters(hasTag) } as const;

export const project = resource({
  one: 'project',
  path: '/projects',
  ...definition,
  ignored: ['explicit_domain_id'],
  attributes: {
    ...common,
    /** Of a domain, its own id, which clients see as null. */
    domain_id: text({ set: both, filter: true, input: { type: ['string', 'null'], maxLength: 64 } }),
    parent_id: text({ set: both, nullable: true, filter: true, input: reference }),
    is_domain: flag({ set: both, filter: true }),
  },
});

export const domain = resource({
  one: 'domain',
  path: '/domains',
  ...definition,
  attributes: {
    ...common,
    domain_id: text({ hidden: true, filter: true }),
    parent_id: text({ nullable: true, hidden: true, filter: true }),
    is_domain: flag({ hidden: true, filter: true }),
    explicit_domain_id: text({
      column: null,
      set: ['create'],
      hidden: true,
      input: { type: 'string', pattern: '^[0-9a-f]{32}$' },
    }),
  },
});

export type Project = Row<typeof domain>;
export type NewProject = New<typeof project>;
