import { both, extra, named, reference, text, textOrNull } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';
import { duplicateInDomain } from '../resources/store.ts';

export const group = resource({
  one: 'group',
  path: '/groups',
  table: 'groups',
  lowered: true,
  unique: { columns: ['domainId', 'name'], found: duplicateInDomain },
  attributes: {
    id: text({ filter: true }),
    name: named({ set: both, required: true, filter: true, max: 64 }),
    domain_id: text({ set: both, filter: true, input: reference }),
    description: text({ set: both, default: '', input: textOrNull }),
    extra,
  },
});
export type Group = Row<typeof group>;
