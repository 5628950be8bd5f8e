/** The catalog of a token: every enabled endpoint, with the id of the project in its URL. */
import { own } from '#shared/input/own.ts';
import type { Identity } from '../context.ts';
import { listEndpointsOfProject } from '../endpoint-filter/store.ts';
import { type Endpoint, endpoint, service } from './resource.ts';

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

type Facts = Pick<Identity, 'db' | 'facts'>;

/** Endpoints whose URL needs a project are left out for a token without one. */
export async function buildCatalog(
  identity: Facts,
  about: { readonly projectId: string | null; readonly userId: string },
): Promise<CatalogEntry[]> {
  const services = await identity.facts.get('services', () => service.rows.where(identity.db, { enabled: true }));
  const endpoints = await endpointsFor(identity, about.projectId);
  return services
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

/** All enabled endpoints, or those associated with the project. */
async function endpointsFor({ db, facts }: Facts, projectId: string | null): Promise<readonly Endpoint[]> {
  const enabled = await facts.get('endpoints', () => endpoint.rows.where(db, { enabled: true }));
  if (projectId === null) return enabled;
  const associated = await facts.get(
    `associated ${projectId}`,
    async () => (await listEndpointsOfProject(db, projectId)) ?? null,
  );
  const ids = associated && new Set(associated.map(({ id }) => id));
  return ids ? enabled.filter(({ id }) => ids.has(id)) : enabled;
}

/** Replaces `$(project_id)s` and `%(project_id)s`; undefined when a value is missing. */
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
    const value = own(values, name) ?? null;
    if (value === null) whole = false;
    return value ?? '';
  });
  return whole ? filled : undefined;
}
