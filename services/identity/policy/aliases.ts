/** Check strings that many rules share. */
export const admin = 'rule:admin_required';
export const reader = `${admin} or (role:reader and system_scope:all)`;

/** A role on a domain allows grants on that domain and its projects to users and groups of that domain. */
export const sameDomain = (role: string): string =>
  ['user', 'group']
    .flatMap((actor) =>
      ['target.project.domain_id', 'target.domain.id'].map(
        (where) => `(role:${role} and domain_id:%(target.${actor}.domain_id)s and domain_id:%(${where})s)`,
      ),
    )
    .join(' or ');

/** The role belongs to the domain of the token, or to no domain. */
export const roleOfDomain = '(domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s)';
