/**
 * Who may do what, by hand: each check of upstream's default rules, as a person reads it. Independent of the policy engine.
 * A default rule whose check is not here fails the walk, so that somebody reads it.
 */
export interface Persona {
  readonly name: string;
  readonly project: string;
  readonly user: string;
  readonly roles: readonly string[];
}

const person = (name: string, project: string, ...roles: readonly string[]): Persona => ({
  name,
  project,
  user: `user-${name.replaceAll(' ', '-')}`,
  roles,
});

/** Targets belong to project blue (own) or green (foreign). */
export const personas: readonly Persona[] = [
  person('no role', 'blue', 'none'),
  person('another project', 'red', 'manager', 'member', 'reader'),
  person('reader', 'blue', 'reader'),
  person('service', 'service', 'service', 'reader'),
  person('member', 'blue', 'member', 'reader'),
  person('manager', 'blue', 'manager', 'member', 'reader'),
  person('admin', 'blue', 'admin', 'manager', 'member', 'reader'),
];

/** What a rule is about: the project and user that own it, for images their visibility and a member. */
export interface Target {
  readonly project: string;
  readonly user?: string;
  readonly visibility?: string;
  readonly member?: string;
}

type Verdict = (persona: Persona, target: Target) => boolean;

const has =
  (role: string): Verdict =>
  ({ roles }) =>
    roles.includes(role);
const [admin, service, manager, member, reader] = ['admin', 'service', 'manager', 'member', 'reader'].map(has) as [
  Verdict,
  Verdict,
  Verdict,
  Verdict,
  Verdict,
];
const own: Verdict = ({ project }, target) => project === target.project;
const self: Verdict = ({ user }, target) => user === (target.user ?? user);
const invited: Verdict = ({ project }, target) => project === target.member;
/** Of shared images the rule lets everybody in: Glance looks them up by their members, and only these. */
const seen: Verdict = (persona, target) =>
  own(persona, target) || invited(persona, target) || ['community', 'public'].includes(target.visibility ?? '');
const shared: Verdict = (_persona, { visibility }) => visibility === 'shared';
const everybody: Verdict = () => true;
const any =
  (...parts: readonly Verdict[]): Verdict =>
  (persona, target) =>
    parts.some((part) => part(persona, target));
const all =
  (...parts: readonly Verdict[]): Verdict =>
  (persona, target) =>
    parts.every((part) => part(persona, target));

const verdicts: Readonly<Record<string, Verdict>> = {
  '@': everybody,
  // Nova
  'role:admin': admin,
  'rule:context_is_admin': admin,
  'rule:project_manager_or_admin': any(admin, all(manager, own)),
  'rule:project_member_or_admin': any(admin, all(member, own)),
  'rule:project_reader_or_admin': any(admin, all(reader, own)),
  'rule:service_or_admin': any(admin, service),
  '(rule:context_is_admin) or user_id:%(user_id)s': any(admin, self),
  // Cinder
  'rule:admin_api': admin,
  'rule:xena_system_admin_or_project_member': any(admin, all(member, own)),
  'rule:xena_system_admin_or_project_reader': any(admin, all(reader, own)),
  // Placement
  'rule:admin_or_service_api': any(admin, service),
  'rule:service_api': service,
  'rule:service_api or (role:member and project_id:%(project_id)s and project_id:%(owner)s)': any(
    admin,
    service,
    all(member, own),
  ),
  'rule:admin_or_project_reader_or_service_api': any(admin, service, all(reader, own)),
  // Neutron; what is on a network belongs to its project, and a shared one may be read by all
  'role:reader': reader,
  'rule:admin_only': admin,
  '(rule:admin_only) or (rule:service_api)': any(admin, service),
  '(rule:admin_only) or (role:manager and project_id:%(project_id)s)': any(admin, all(manager, own)),
  '(rule:admin_only) or (role:member and project_id:%(project_id)s)': any(admin, all(member, own)),
  '(rule:admin_only) or (role:reader and project_id:%(project_id)s)': any(admin, all(reader, own)),
  '(rule:admin_only) or (role:member and rule:network_owner)': any(admin, all(member, own)),
  '(rule:admin_only) or (role:member and rule:sg_owner)': any(admin, all(member, own)),
  '(rule:admin_only) or (role:reader and rule:sg_owner)': any(admin, all(reader, own)),
  '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:service_api or rule:shared or rule:external or rule:context_is_advsvc':
    any(admin, service, shared, all(reader, own)),
  '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared or rule:external or rule:context_is_advsvc':
    any(admin, shared, all(reader, own)),
  'role:reader and project_id:%(project_id)s or rule:shared or rule:external_network or (rule:admin_only) or (role:reader and rule:network_owner) or rule:service_api':
    any(admin, service, shared, all(reader, own)),
  'role:reader and project_id:%(project_id)s or rule:shared or rule:external_network or (rule:admin_only) or (role:reader and rule:network_owner)':
    any(admin, shared, all(reader, own)),
  'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)': any(
    admin,
    all(member, own),
  ),
  'rule:admin_only or role:reader and project_id:%(project_id)s or rule:shared_address_scopes': any(
    admin,
    shared,
    all(reader, own),
  ),
  '(rule:admin_only) or (role:member and rule:network_owner) or rule:service_api': any(
    admin,
    all(member, own),
    service,
  ),
  '(rule:admin_only) or (role:reader and rule:ext_parent_owner)': any(admin, all(reader, own)),
  '(rule:admin_only) or (role:member and rule:ext_parent_owner)': any(admin, all(member, own)),
  '(rule:admin_only) or (role:manager and rule:ext_parent_owner)': any(admin, all(manager, own)),
  '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_qos_policy': any(
    admin,
    all(reader, own),
    shared,
  ),
  '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_address_groups': any(
    admin,
    all(reader, own),
    shared,
  ),
  '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_subnetpools': any(
    admin,
    shared,
    all(reader, own),
  ),
  '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_security_group': any(
    admin,
    all(reader, own),
  ),
  '(rule:admin_only) or (rule:service_api) or role:reader and rule:network_owner or role:reader and project_id:%(project_id)s':
    any(admin, service, all(reader, own)),
  '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner or rule:shared': any(
    admin,
    service,
    shared,
    all(member, own),
  ),
  '(rule:admin_only) or (rule:service_api) or role:member and project_id:%(project_id)s': any(
    admin,
    service,
    all(member, own),
  ),
  '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner or role:member and project_id:%(project_id)s':
    any(admin, service, all(member, own)),
  'rule:context_is_advsvc or (rule:admin_only) or (role:reader and rule:network_owner) or role:reader and project_id:%(project_id)s':
    any(admin, all(reader, own)),
  '(rule:admin_only) or (role:member and project_id:%(project_id)s) or rule:context_is_advsvc': any(
    admin,
    all(member, own),
  ),
  'rule:context_is_advsvc or role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)':
    any(admin, all(member, own)),
  // Glance
  'rule:context_is_admin or (role:member and project_id:%(project_id)s)': any(admin, all(member, own)),
  'rule:context_is_admin or (role:member and project_id:%(project_id)s and project_id:%(owner)s)': any(
    admin,
    all(member, own),
  ),
  'rule:context_is_admin or (role:reader and project_id:%(project_id)s)': any(admin, all(reader, own)),
  "rule:context_is_admin or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s))":
    any(admin, all(reader, seen)),
  "rule:context_is_admin or (role:member and (project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s))":
    any(admin, all(member, seen)),
  'rule:context_is_admin or role:reader and (project_id:%(project_id)s or project_id:%(member_id)s)': any(
    admin,
    all(reader, any(own, invited)),
  ),
  'rule:context_is_admin or (role:member and project_id:%(member_id)s)': any(admin, all(member, invited)),
  'rule:context_is_admin or rule:service_api': any(admin, service),
  'rule:metadef_admin': admin,
  "rule:context_is_admin or (role:reader and (project_id:%(project_id)s or 'public':%(visibility)s))": any(
    admin,
    all(
      reader,
      any(own, (_persona, { visibility }) => visibility === 'public'),
    ),
  ),
};

/** Throws for a check that nobody has read yet. */
export function mayByHand(check: string, persona: Persona, target: Target): boolean {
  const verdict = Object.hasOwn(verdicts, check) ? verdicts[check] : undefined;
  if (!verdict) throw new Error(`The check "${check}" has no verdict by hand.`);
  return verdict(persona, target);
}
