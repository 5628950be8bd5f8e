/** A trust: a trustee acts in a project with some roles of the trustor, as themselves or as the trustor. */
import {
  extra,
  flag,
  integer,
  reference,
  text,
  texts,
  time,
  timestamp,
  timestampView,
} from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';

const create = ['create'] as const;

export const trust = resource({
  one: 'trust',
  path: '/OS-TRUST/trusts',
  table: 'trusts',
  ignored: ['roles', 'allow_redelegation', 'roles_links'],
  attributes: {
    id: text({}),
    trustor_user_id: text({ column: 'trustorId', set: create, required: true, filter: true, input: reference }),
    trustee_user_id: text({ column: 'trusteeId', set: create, required: true, filter: true, input: reference }),
    project_id: text({ set: create, nullable: true, default: null, input: reference }),
    impersonation: flag({ set: create, required: true }),
    expires_at: timestamp({ set: create, nullable: true, default: null, show: timestampView }),
    /** Deleted ones are not shown. */
    deleted_at: text({ column: null }),
    deletion: time({ column: 'deletedAt', nullable: true, hidden: true }),
    /** Null: unlimited. */
    remaining_uses: integer({ set: create, nullable: true, default: null }),
    /** How often it may be redelegated; 0: never. */
    redelegation_count: integer({ set: create }),
    redelegated_trust_id: text({ column: 'redelegatedFrom', nullable: true }),
    role_ids: texts({ hidden: true }),
    extra,
  },
});
export type Trust = Row<typeof trust>;
