/** The placement API in this process, with headers in place of tokens. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { openApiServer } from '#shared/service/api-server.ts';
import { section } from '../../services/placement/config.ts';
import { placement } from '../../services/placement/dialect.ts';
import { providers } from '../../services/placement/migrations/001-providers.ts';
import { policy } from '../../services/placement/policy.ts';
import { routes } from '../../services/placement/routes.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

export interface Asked {
  readonly version?: string;
  readonly body?: unknown;
  readonly roles?: string;
  readonly project?: string;
}
interface Candidate {
  readonly allocations: Record<string, { resources: Record<string, number> }>;
  readonly mappings: Record<string, string[]>;
}

export const sorted = (texts: readonly string[]) => texts.toSorted((one, other) => (one < other ? -1 : 1));

/** On sqlite, or on the server in WATTLE_TEST_MYSQL: mysql://user:password@host:port. */
export async function openPlacement(t: TestContext, policySettings: PolicySettings = {}) {
  const server = process.env.WATTLE_TEST_MYSQL;
  const schema = `wattle_t_${randomUUID().slice(0, 8)}`;
  const db = openDatabase(server ? `${server}/${schema}` : 'sqlite::memory:');
  await migrate(db, [providers]);
  const identify = async (header: (name: string) => string | undefined, requestId: string) => ({
    ...{ userId: 'u', userName: 'u', userDomainId: 'default', projectName: 'p', token: '' },
    projectId: header('x-project') ?? 'mine',
    ...{ projectDomainId: 'default', domainId: null, system: false, serviceRoles: [], requestId },
    roles: (header('x-roles') ?? 'admin').split(','),
  });
  const config = settingsOf({}).read('placement', section);
  const at = { host: '127.0.0.1', port: 0 };
  const service = { db, config, log: silentLog() };
  const endpoint = await openApiServer({
    name: 'placement',
    service,
    routes,
    policy,
    policySettings,
    dialect: placement('http://identity'),
    identify,
    log: silentLog(),
    at,
  });
  t.after(async () => {
    await endpoint.close();
    if (server) await db.raw('DROP SCHEMA ??', [schema]);
    await db.destroy();
  });
  const ask = async (method: string, path: string, { version = '1.39', body, roles, project }: Asked = {}) => {
    const answer = await fetch(`http://127.0.0.1:${endpoint.port}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'openstack-api-version': `placement ${version}`,
        ...(roles ? { 'x-roles': roles } : {}),
        ...(project ? { 'x-project': project } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed = text ? JSON.parse(text) : {};
    return { status: answer.status, headers: answer.headers, body: parsed, error: parsed.errors?.[0] };
  };
  /** Creates a provider with inventories, traits and aggregates. */
  const provide = async (
    name: string,
    stock: Record<string, number | object>,
    { traits = [], parent, aggregates = [] }: { traits?: string[]; parent?: string; aggregates?: string[] } = {},
  ): Promise<string> => {
    const made = await ask('POST', '/resource_providers', {
      body: { name, ...(parent ? { parent_provider_uuid: parent } : {}) },
    });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const { uuid } = made.body;
    const inventories = Object.fromEntries(
      Object.entries(stock).map(([key, value]) => [key, typeof value === 'number' ? { total: value } : value]),
    );
    const put = await ask('PUT', `/resource_providers/${uuid}/inventories`, {
      body: { resource_provider_generation: 0, inventories },
    });
    assert.equal(put.status, 200, JSON.stringify(put.body));
    const tagged = await ask('PUT', `/resource_providers/${uuid}/traits`, {
      body: { resource_provider_generation: 1, traits },
    });
    assert.equal(tagged.status, 200, JSON.stringify(tagged.body));
    const placed = await ask('PUT', `/resource_providers/${uuid}/aggregates`, {
      body: { resource_provider_generation: 2, aggregates },
    });
    assert.equal(placed.status, 200, JSON.stringify(placed.body));
    return uuid;
  };
  const claim = (uuid: string, resources: Record<string, Record<string, number>>, generation: number | null = null) =>
    ask('PUT', `/allocations/${uuid}`, {
      body: {
        allocations: Object.fromEntries(Object.entries(resources).map(([key, value]) => [key, { resources: value }])),
        project_id: 'mine',
        user_id: 'me',
        consumer_generation: generation,
        consumer_type: 'INSTANCE',
      },
    });
  const usage = async (uuid: string) => (await ask('GET', `/resource_providers/${uuid}/usages`)).body.usages;
  const candidates = async (query: string, version = '1.39') => {
    const { status, body, error } = await ask('GET', `/allocation_candidates?${query}`, { version });
    assert.equal(status, 200, JSON.stringify(error));
    return body as { allocation_requests: Candidate[]; provider_summaries: Record<string, Record<string, unknown>> };
  };
  const candidateProviders = async (query: string) =>
    (await candidates(query)).allocation_requests.map(({ allocations }) => sorted(Object.keys(allocations)));
  return { ask, provide, claim, usage, candidates, candidateProviders };
}
