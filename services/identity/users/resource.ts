import type { Json } from '#shared/api/document.ts';
import { both, extra, flag, integer, named, object, reference, text, time } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';
import { duplicateInDomain } from '../resources/store.ts';

const password: Json = { type: ['string', 'null'], maxLength: 4096 };
const hidden = { hidden: true } as const;

/** Python's form, without a time zone. */
const expiryView = (at: number | null) => (at === null ? null : new Date(at).toISOString().replace('Z', '000'));

export const user = resource({
  one: 'user',
  path: '/users',
  table: 'users',
  lowered: true,
  unique: { columns: ['domainId', 'name'], found: duplicateInDomain },
  ignored: ['original_password', 'federated'],
  attributes: {
    id: text({ filter: true }),
    name: named({ set: both, required: true, filter: true }),
    domain_id: text({ set: both, filter: true, input: reference }),
    enabled: flag({ set: both, default: true, filter: true }),
    default_project_id: text({
      set: both,
      nullable: true,
      default: null,
      input: reference,
      show: (id) => id ?? undefined,
    }),
    password: text({ column: null, set: both, hidden: true, input: password }),
    password_expires_at: time({ nullable: true, filter: true, show: expiryView }),
    options: object({ set: both, default: {} }),
    /** argon2id, or the hash of an imported user until the first login; null for a user who cannot log in by password. */
    password_hash: text({ ...hidden, nullable: true }),
    /** Consecutive wrong passwords, and the time of the last one. */
    wrong_tries: integer(hidden),
    wrong_at: time({ ...hidden, nullable: true }),
    /** When the password was set, and whether the user must change it before the first login. */
    password_at: time({ ...hidden, nullable: true }),
    must_change: flag(hidden),
    /** The last recorded login. */
    active_at: time({ ...hidden, nullable: true }),
    extra,
  },
});
export type User = Row<typeof user>;

/** A user with defaults for all but the name. */
export const newUser = (id: string, name: string, domainId: string): User => ({
  id,
  name,
  domainId,
  enabled: true,
  defaultProjectId: null,
  passwordHash: null,
  passwordExpiresAt: null,
  wrongTries: 0,
  wrongAt: null,
  passwordAt: null,
  mustChange: false,
  activeAt: null,
  options: {},
  extra: {},
});
