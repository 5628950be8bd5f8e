import type { Identity } from '../context.ts';
import { domain, type Project, project } from './resource.ts';
import { listTags } from './store.ts';

export const projectView = (row: Project, base: string): Record<string, unknown> => ({
  ...project.view(row, base),
  ...(row.isDomain ? { domain_id: null } : {}),
});

const views = { projects: projectView, domains: domain.view };

/** Projects or domains with their tags. */
export async function taggedViews(
  { db }: Pick<Identity, 'db'>,
  many: 'projects' | 'domains',
  rows: readonly Project[],
  base: string,
): Promise<object[]> {
  const tags = await listTags(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({ ...views[many](row, base), tags: tags.get(row.id) ?? [] }));
}
