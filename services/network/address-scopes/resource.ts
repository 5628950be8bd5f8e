import { boolean, both, create, ipVersion, listed, unversioned } from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';

export const addressScopes = resource('address_scope', 'address_scopes', {
  table: 'address_scopes',
  missing: ['AddressScopeNotFound', (id) => `Address scope ${id} could not be found.`],
  untagged: true,
  sharing: { type: 'address_scope', from: 'id' },
  attributes: {
    ...unversioned,
    ip_version: ipVersion({ set: create, required: true, ...listed }),
    shared: boolean({ set: both, default: false, ...listed }),
  },
});

export type AddressScope = Row<typeof addressScopes>;
export type NewAddressScope = New<typeof addressScopes>;
export type AddressScopeChange = Change<typeof addressScopes>;
