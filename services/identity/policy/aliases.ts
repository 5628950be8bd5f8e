/** Parts that many rules share. */
export const admin = 'rule:admin_required';
export const reader = `${admin} or (role:reader and system_scope:all)`;

/** Who has a role on a domain may give to its people what is in it. */
export const sameDomain = (role: string): string =>
  ['user', 'group']
    .flatMap((actor) =>
      ['target.project.domain_id', 'target.domain.id'].map(
        (where) => `(role:${role} and domain_id:%(target.${actor}.domain_id)s and domain_id:%(${where})s)`,
      ),
    )
    .join(' or ');

/** A role of their own domain, or of none. */
export const roleOfDomain = '(domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s)';
