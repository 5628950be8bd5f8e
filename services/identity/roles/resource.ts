import { both, extra, named, object, text } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';

export const role = resource({
  one: 'role',
  path: '/roles',
  table: 'roles',
  lowered: true,
  unique: { columns: ['domainKey', 'name'], found: ({ name }) => ` found with name ${name}` },
  attributes: {
    id: text({ filter: true }),
    name: named({ set: both, required: true, filter: true }),
    /** Empty for a role of no domain: two NULLs would not be equal. */
    domain_id: text({
      column: 'domainKey',
      set: ['create'],
      default: '',
      filter: true,
      input: { type: ['string', 'null'], maxLength: 64 },
      show: (key) => key || null,
    }),
    description: text({ set: both, nullable: true, default: null }),
    options: object({ set: both, default: {} }),
    extra,
  },
});
export type Role = Row<typeof role>;

export const isGlobal = ({ domainKey }: Pick<Role, 'domainKey'>): boolean => domainKey === '';

/** In lists of grants and of delegations. */
export const grantedRoleView = (row: Role, base: string) => {
  const { id, name, domain_id, description, options, links } = role.view(row, base);
  return { id, name, domain_id, description, options, links };
};

/** A role as clients name it: by id, else by name. */
export interface NamedRole {
  readonly id?: string;
  readonly name?: string;
}
export const roleNamed = (roles: readonly Role[], { id, name }: NamedRole): Role | undefined =>
  roles.find((each) => (id === undefined ? each.name === name : each.id === id));
