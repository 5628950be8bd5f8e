import { boolean, both, create, listed, text, texts, unversioned } from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';

export const addressGroups = resource('address_group', 'address_groups', {
  table: 'address_groups',
  missing: ['AddressGroupNotFound', (id) => `Address group ${id} could not be found.`],
  sharing: { type: 'address_group', from: 'id' },
  untagged: true,
  attributes: {
    ...unversioned,
    description: text({ set: both, default: '', ...listed, input: { type: 'string', maxLength: 255 } }),
    shared: boolean({ stored: false, filter: true }),
    /** As CIDRs, each once. */
    addresses: texts({
      set: create,
      default: [],
      input: { type: ['array', 'null'], maxItems: 10_000, items: { type: 'string', maxLength: 64 } },
    }),
  },
});

export type AddressGroup = Row<typeof addressGroups>;
export type NewAddressGroup = New<typeof addressGroups>;
export type AddressGroupChange = Change<typeof addressGroups>;
