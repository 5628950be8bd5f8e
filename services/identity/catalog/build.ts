/** The catalog of a token: every enabled endpoint, with the project's id where its URL names it. */
import type { Knex } from 'knex';
import { listEntries } from './store.ts';

export interface CatalogEntry {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly {
    readonly id: string;
    readonly interface: string;
    readonly region_id: string | null;
    readonly region: string | null;
    readonly url: string;
  }[];
}

/** An endpoint whose URL needs a project is left out of the catalog of a token that has none. */
export async function buildCatalog(
  db: Knex,
  about: { readonly projectId: string | null; readonly userId: string },
): Promise<CatalogEntry[]> {
  const [services, endpoints] = [
    await listEntries(db, 'services', {}),
    await listEntries(db, 'endpoints', { enabled: ['true'] }),
  ];
  return services
    .filter(({ enabled }) => enabled)
    .map(({ id, type, extra }) => ({
      id,
      type,
      name: String(extra.name ?? ''),
      endpoints: endpoints
        .filter(({ serviceId }) => serviceId === id)
        .flatMap((endpoint) => {
          const url = substitute(endpoint.url, about);
          if (url === undefined) return [];
          return [
            {
              id: endpoint.id,
              interface: endpoint.interface,
              region_id: endpoint.regionId,
              region: endpoint.regionId,
              url,
            },
          ];
        }),
    }))
    .filter((entry) => entry.endpoints.length > 0);
}

/** `$(project_id)s` and `%(project_id)s` alike; undefined when a value is missing. */
export function substitute(
  url: string,
  { projectId, userId }: { projectId: string | null; userId: string },
): string | undefined {
  const values: Readonly<Record<string, string | null>> = {
    project_id: projectId,
    tenant_id: projectId,
    user_id: userId,
  };
  let whole = true;
  const filled = url.replace(/[$%]\((\w+)\)s/g, (_match, name: string) => {
    const value = values[name] ?? null;
    if (value === null) whole = false;
    return value ?? '';
  });
  return whole ? filled : undefined;
}
