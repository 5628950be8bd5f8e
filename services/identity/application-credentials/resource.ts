/** Application credentials, and the requests that they allow. */

import { flag, text, texts, time } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';

const create = ['create'] as const;

/** Without a time zone, as Keystone shows this timestamp. */
const microsView = (us: number | null): string | null =>
  us === null ? null : new Date(us / 1000).toISOString().replace(/\d{3}Z$/, String(us % 1_000_000).padStart(6, '0'));

export const applicationCredential = resource({
  one: 'application_credential',
  path: '/application_credentials',
  table: 'application_credentials',
  unique: { columns: ['userId', 'name'], found: ({ name }) => ` found with name ${name}` },
  links: ({ id, userId }, base) => ({ self: `${base}/v3/users/${userId}/application_credentials/${id}` }),
  attributes: {
    id: text({}),
    name: text({ set: create, required: true, filter: true }),
    description: text({ set: create, nullable: true, default: null }),
    user_id: text({}),
    project_id: text({}),
    system: text({ column: null }),
    /** In microseconds, since clients compare the value; null: no expiry. */
    expires_at: time({ column: 'expiresAtUs', nullable: true, show: microsView }),
    unrestricted: flag({ set: create, default: false }),
    secret_hash: text({ hidden: true }),
    role_ids: texts({ hidden: true }),
    /** Ids of access rules; null or empty: every request is allowed. */
    rule_ids: texts({ column: 'accessRules', nullable: true, hidden: true }),
  },
});

export const accessRule = resource({
  one: 'access_rule',
  path: '/access_rules',
  table: 'access_rules',
  links: ({ id, userId }, base) => ({ self: `${base}/v3/users/${userId}/access_rules/${id}` }),
  attributes: {
    id: text({}),
    user_id: text({ hidden: true }),
    service: text({ filter: true }),
    method: text({ filter: true }),
    path: text({ filter: true }),
  },
});

export type ApplicationCredential = Row<typeof applicationCredential>;
export type AccessRule = Row<typeof accessRule>;
