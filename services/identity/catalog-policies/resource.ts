/** Policy documents, which are stored but not evaluated, and their associations. */
import { attributeOf } from '#shared/resource/attribute.ts';
import { both, extra, text } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';
import { rowsOf } from '../resources/store.ts';

const blob = attributeOf<string>({
  kind: 'text',
  input: { type: ['string', 'object'] },
  output: {},
  parse: (sent) => (typeof sent === 'string' ? sent : JSON.stringify(sent)),
});

export const policy = resource({
  one: 'policy',
  many: 'policies',
  path: '/policies',
  table: 'policies',
  attributes: {
    id: text({}),
    type: text({ set: both, required: true, filter: true, input: { type: 'string', minLength: 1, maxLength: 255 } }),
    blob: blob({ set: both, required: true }),
    extra,
  },
});

/** With an endpoint, a service, or a service in a region; empty where not set. */
const association = {
  id: text({}),
  policy_id: text({}),
  endpoint_id: text({}),
  service_id: text({}),
  region_id: text({}),
} as const;

export const associations = rowsOf(association, { table: 'policy_associations', noun: 'policy association' });
export type PolicyAssociation = Row<{ readonly attributes: typeof association }>;
