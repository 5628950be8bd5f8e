import type { Project } from './store.ts';

const known = ({ id, name, enabled, description, options, extra }: Project, tags: readonly string[]) => ({
  ...extra,
  id,
  name,
  enabled,
  description,
  options,
  tags,
});

export const projectView = (project: Project, tags: readonly string[], base: string) => ({
  ...known(project, tags),
  domain_id: project.isDomain ? null : project.domainId,
  parent_id: project.parentId,
  is_domain: project.isDomain,
  links: { self: `${base}/v3/projects/${project.id}` },
});

export const domainView = (domain: Project, tags: readonly string[], base: string) => ({
  ...known(domain, tags),
  links: { self: `${base}/v3/domains/${domain.id}` },
});
