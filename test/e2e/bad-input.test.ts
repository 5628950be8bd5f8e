/** Invalid requests to a whole cloud: every API refuses them in its family's format, and nothing changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request, textOf } from '#shared/clients/http.ts';
import type { Session } from '#shared/clients/session.ts';
import { type Api, type Case, cases } from './bad-input/cases.ts';
import { adminOf } from './story/api.ts';
import { fakeHosts, pipClient, ports, type StoryCloud, startStoryCloud } from './story/cloud.ts';
import { idleTracesOf, tracesOf } from './story/traces.ts';

test('invalid requests are refused by each API and change nothing', async (t) => {
  const cloud = await startStoryCloud(t, {
    split: false,
    client: pipClient(),
    env: {
      ...fakeHosts,
      WATTLE_IMAGE__STORAGE_GB: String(2 ** -10),
    },
  });
  const admin = adminOf(cloud);
  const ids = await createFixtures(admin);
  await idleTracesOf(cloud);
  const before = await snapshot(cloud, admin);
  for (const [api, each] of Object.entries(cases) as [Api, Readonly<Record<string, Case>>][])
    await t.test(`at ${api}`, async (t) => {
      for (const [name, options] of Object.entries(each))
        await t.test(name, async () => checkRefused(cloud, api, filled(options, ids), await admin.token()));
    });
  await t.test('nothing changed', async () => assert.deepEqual(await snapshot(cloud, admin), before));
  await t.test('Keystone and Glance keep unknown attributes', () => checkExtraAttributes(admin));
});

type Ids = Readonly<Record<string, string>>;

/** Creates the resources that the cases name, and sets quotas that are used up. */
async function createFixtures(admin: Session): Promise<Ids> {
  const make = async <T>(type: Parameters<Session['json']>[0], path: string, body: unknown) =>
    admin.json<T>(type, path, { method: 'POST', body });
  const { projects } = await admin.json<{ projects: { id: string }[] }>('identity', '/projects?name=admin');
  const project = projects[0]?.id ?? '';
  const bare = { container_format: 'bare' };
  const image = await make<{ id: string }>('image', '/v2/images', { name: 'raw', disk_format: 'raw', ...bare });
  const liar = await make<{ id: string }>('image', '/v2/images', { name: 'liar', disk_format: 'qcow2', ...bare });
  await admin.raw('image', `/v2/images/${image.id}/file`, {
    method: 'PUT',
    body: Buffer.alloc(4096),
    headers: { 'content-type': 'application/octet-stream' },
  });
  const { network } = await make<{ network: { id: string } }>('network', '/v2.0/networks', {
    network: { name: 'blue' },
  });
  await make('network', '/v2.0/subnets', { subnet: { network_id: network.id, ip_version: 4, cidr: '10.7.0.0/24' } });
  const limit = async (type: Parameters<Session['json']>[0], path: string, body: unknown) =>
    admin.json(type, `${path}/${project}`, { method: 'PUT', body });
  await limit('compute', '/os-quota-sets', { quota_set: { instances: 0 } });
  await limit('volumev3', '/os-quota-sets', { quota_set: { volumes: 0 } });
  await limit('network', '/v2.0/quotas', { quota: { network: 2 } }); // public and blue
  return { project, image: image.id, liar: liar.id, network: network.id };
}

/** Replaces names such as %project by ids. */
function filled(options: Case, ids: Ids): Case {
  const fill = (text: string) => text.replace(/%([a-z]+)/g, (whole, name) => ids[name] ?? whole);
  const { path, body } = options;
  const text = body === undefined || typeof body === 'string' ? body : fill(JSON.stringify(body));
  return { ...options, path: fill(path), body: text };
}

async function checkRefused({ address }: StoryCloud, api: Api, options: Case, good: string): Promise<void> {
  const { method, path, token, headers, body, status, message = /./s } = options;
  const tokenHeaders = { none: {}, broken: { 'x-auth-token': 'broken' }, good: { 'x-auth-token': good } }[
    token ?? 'good'
  ];
  const typed = body === undefined ? {} : { 'content-type': 'application/json' };
  const reply = await request(`http://${address}:${ports[api]}${path}`, {
    method,
    headers: { ...tokenHeaders, ...typed, ...headers },
    ...(body === undefined ? {} : { body: body as string }),
  });
  const text = await textOf(reply);
  assert.equal(reply.status, status, text);
  if (status === 431) return; // answered by Node itself, before the API
  if (status === 401) assert.match(String(reply.headers['www-authenticate']), /^Keystone uri="http:.*:5000/);
  assert.match(messageOf[api](text, status), message);
}

interface FaultBody {
  readonly code?: number;
  readonly status?: number;
  readonly title?: string;
  readonly type?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly request_id?: string;
}
type ParseFault = (text: string, status: number) => string;

/** One key named after the status, with the code and a message. */
const enveloped: ParseFault = (text, status) => {
  const [[kind, { code, message = '' }] = ['', {}], ...more] = Object.entries(
    JSON.parse(text) as Record<string, FaultBody>,
  );
  assert.deepEqual([kind !== '', code, more], [true, status, []], text);
  return message;
};
const page: ParseFault = (text) => {
  assert.match(text, /^<html>.*<h1>.+<\/html>$/s);
  return text;
};
/** Upstream, keystonemiddleware answers 401 for most services, in identity's format. */
const behindKeystone =
  (inner: ParseFault): ParseFault =>
  (text, status) =>
    status === 401 ? enveloped(text, status) : inner(text, status);

/** Checks the format of a refusal of the API family, and returns its message. */
const messageOf: Readonly<Record<Api, ParseFault>> = {
  identity: enveloped,
  compute: enveloped,
  volume: enveloped,
  placement: behindKeystone((text, status) => {
    const { errors } = JSON.parse(text) as { errors: FaultBody[] };
    assert.deepEqual([errors.length, errors[0]?.status, typeof errors[0]?.request_id], [1, status, 'string'], text);
    return errors[0]?.detail ?? '';
  }),
  network: behindKeystone((text) => {
    const { NeutronError: fault } = JSON.parse(text) as { NeutronError: FaultBody };
    assert.equal(fault.detail, '');
    return `${fault.type}: ${fault.message}`;
  }),
  image: page,
  'object-store': (text) => (text.startsWith('<') ? page(text, 0) : text),
};

const lists: readonly [Parameters<Session['json']>[0], readonly string[]][] = [
  ['identity', ['/users', '/projects', '/domains', '/roles', '/groups', '/services', '/endpoints']],
  ['placement', ['/resource_providers']],
  ['image', ['/v2/images']],
  ['compute', ['/servers/detail?all_tenants=1', '/flavors/detail', '/os-keypairs', '/os-aggregates']],
  ['volumev3', ['/volumes/detail?all_tenants=1', '/snapshots/detail?all_tenants=1', '/types']],
  ['network', ['networks', 'subnets', 'ports', 'routers', 'security-groups', 'floatingips'].map((of) => `/v2.0/${of}`)],
  ['object-store', ['?format=json']],
];

/** All lists of all APIs, and the traces of the cloud. */
async function snapshot(cloud: StoryCloud, admin: Session): Promise<unknown> {
  const requests = lists.flatMap(([type, paths]) => paths.map((path) => [type, path] as const));
  const results = await Promise.all(requests.map(([type, path]) => admin.json<unknown>(type, path)));
  return {
    ...Object.fromEntries(requests.map((each, at) => [each.join(' '), results[at]])),
    traces: await tracesOf(cloud),
  };
}

async function checkExtraAttributes(admin: Session): Promise<void> {
  const { project } = await admin.json<{ project: Record<string, string> }>('identity', '/projects', {
    method: 'POST',
    body: { project: { name: 'more', color: 'red' } },
  });
  const image = await admin.json<Record<string, string>>('image', '/v2/images', {
    method: 'POST',
    body: { name: 'more', color: 'red' },
  });
  assert.deepEqual([project.color, image.color], ['red', 'red']);
}
