/** Attributes, parameters and fields that have a rule of their own, with every persona: see rules/personas.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageId, networkId } from '../fakes/compute-cloud.ts';
import { computeWalk } from './rules/compute-walk.ts';
import { imageWalk } from './rules/image-walk.ts';
import { mayByHand, type Persona, personas } from './rules/personas.ts';
import { volumeWalk } from './rules/volume-walk.ts';
import type { Reply, Walk } from './rules/walk.ts';

interface Ruled {
  /** All must be passed, with a resource of project blue as target, or of `of`. */
  readonly rules: readonly string[];
  readonly request: string;
  readonly version?: string;
  readonly body?: unknown;
  /** Whether the answer shows that the caller passes; 403 and 404 refuse unless told. */
  readonly passes?: (reply: Reply) => boolean;
  readonly of?: string;
}

const isAllowed = ({ status }: Reply) => status !== 403 && status !== 404;

async function compare(
  walk: Pick<Walk, 'api' | 'ask'>,
  ruled: readonly Ruled[],
  exempt: (persona: Persona) => boolean,
) {
  const wrong: string[] = [];
  for (const { rules, request, version = walk.api.newest, body, passes = isAllowed, of = 'blue' } of ruled)
    for (const persona of personas.filter((each) => !exempt(each))) {
      const [method = '', path = ''] = request.split(' ');
      const reply = await walk.ask({ method, path, version: version as '2.1', body, persona });
      const expected = rules.every((rule) => mayByHand(walk.api.policy.rules[rule] ?? '', persona, { project: of }));
      if (passes(reply) !== expected || reply.status >= 500)
        wrong.push(`${persona.name}: ${request} ${reply.status}, ${rules.at(-1)} ${expected ? 'lets in' : 'refuses'}`);
    }
  return wrong;
}

/** Of another project, or without a role: refused by the rule of the route. */
const outside = ({ project }: Persona) => project !== 'blue';

const nova = 'os_compute_api:';

test('compute: a forced host, foreign projects, hidden filters and fields need the rule of their own', async (t) => {
  const walk = await computeWalk(t);
  const { cloud, server } = walk;
  const admin = { role: 'admin,member,reader', version: '2.55' };
  const flavor = { id: 'zero', name: 'zero', vcpus: 1, ram: 64, disk: 0 };
  assert.equal((await cloud.ask('POST', '/v2.1/flavors', { ...admin, body: { flavor } })).status, 200);
  const outer = '11111111-2f64-446f-be04-3cf1108345c9';
  cloud.network.networks.set(outer, {
    ...cloud.network.networks.get(networkId),
    id: outer,
    'router:external': true,
  } as never);
  const { id } = await server('blue');
  const { id: locked } = await server('blue', { lockedBy: 'admin' });
  const launch = (more: object) => ({
    server: { name: 'x', flavorRef: '42', imageRef: imageId, networks: [{ uuid: networkId }], ...more },
  });
  const create = `${nova}servers:create`;
  const show = `${nova}servers:show`;
  const at = `/v2.1/servers/${id}`;
  const ruled: readonly Ruled[] = [
    {
      rules: [create, `${create}:forced_host`],
      request: 'POST /v2.1/servers',
      body: launch({ availability_zone: 'nova:x' }),
    },
    {
      rules: [create, 'compute:servers:create:requested_destination'],
      request: 'POST /v2.1/servers',
      body: launch({ host: 'x' }),
    },
    {
      rules: [create, `${create}:zero_disk_flavor`],
      request: 'POST /v2.1/servers',
      body: launch({ flavorRef: 'zero' }),
    },
    {
      rules: [create, 'network:attach_external_network'],
      request: 'POST /v2.1/servers',
      body: launch({ networks: [{ uuid: outer }] }),
    },
    {
      rules: [`${nova}servers:index`, `${nova}servers:index:get_all_tenants`],
      request: 'GET /v2.1/servers?all_tenants=1',
    },
    {
      rules: [`${nova}servers:detail`, `${nova}servers:allow_all_filters`],
      request: 'GET /v2.1/servers/detail?host=nowhere',
      passes: ({ status, body }) => status === 200 && body.servers.length === 0,
    },
    {
      rules: [show, `${nova}os-extended-server-attributes`],
      request: `GET ${at}`,
      passes: ({ status, body }) => status === 200 && 'OS-EXT-SRV-ATTR:host' in body.server,
    },
    {
      rules: [show, `${nova}os-instance-actions:events`],
      request: `GET ${at}/os-instance-actions/req-1`,
      version: '2.50',
      passes: ({ status, body }) => status === 200 && 'events' in body.instanceAction,
    },
    {
      rules: [`${nova}os-lock-server:unlock`, `${nova}os-lock-server:unlock:unlock_override`],
      request: `POST /v2.1/servers/${locked}/action`,
      body: { unlock: null },
    },
    { rules: [`${nova}limits:other_project`], request: 'GET /v2.1/limits?tenant_id=green' },
    { rules: [`${nova}os-quota-sets:detail`], request: 'GET /v2.1/os-quota-sets/green/detail', of: 'green' },
    { rules: [`${nova}os-simple-tenant-usage:show`], request: 'GET /v2.1/os-simple-tenant-usage/green', of: 'green' },
  ];
  assert.deepEqual(await compare(walk, ruled, outside), []);
});

test('compute: key pairs of another user are for those who pass the rule with that user', async (t) => {
  const walk = await computeWalk(t);
  for (const persona of personas) {
    const { status } = await walk.ask({
      method: 'GET',
      path: '/v2.1/os-keypairs?user_id=somebody',
      version: '2.92',
      body: undefined,
      persona,
    });
    assert.equal(status === 200, persona.roles.includes('admin'), `${persona.name} ${status}`);
  }
});

test('volume: forced deletes, public uploads, hosts and other projects need the rule of their own', async (t) => {
  const walk = await volumeWalk(t);
  const { id } = await walk.volume('blue');
  const { id: snapshotId } = await walk.snapshot('blue');
  const field = (rule: string, name: string): Ruled => ({
    rules: ['volume:get', rule],
    request: `GET /v3/volumes/${id}`,
    passes: ({ status, body }) => status === 200 && name in body.volume,
  });
  const upload = { 'os-volume_upload_image': { image_name: 'x', visibility: 'public' } };
  const ruled: readonly Ruled[] = [
    field('volume_extension:volume_host_attribute', 'os-vol-host-attr:host'),
    field('volume_extension:volume_tenant_attribute', 'os-vol-tenant-attr:tenant_id'),
    field('volume_extension:volume_mig_status_attribute', 'os-vol-mig-status-attr:migstat'),
    field('context_is_admin', 'provider_id'),
    {
      rules: ['volume_extension:volume_actions:upload_image', 'volume_extension:volume_actions:upload_public'],
      request: `POST /v3/volumes/${id}/action`,
      body: upload,
    },
    { rules: ['volume_extension:quotas:show'], request: 'GET /v3/os-quota-sets/green', of: 'green' },
    { rules: ['volume:delete', 'volume:force_delete'], request: `DELETE /v3/volumes/${id}?force=true` },
    {
      rules: ['volume_extension:snapshot_admin_actions:force_delete'],
      request: `POST /v3/snapshots/${snapshotId}/action`,
      body: { 'os-force_delete': null },
    },
  ];
  assert.deepEqual(await compare(walk, ruled, outside), []);
});

test('image: a public image, one for all projects and one of another owner need the rule of their own', async (t) => {
  const walk = await imageWalk(t);
  const [[, make]] = walk.owned as [Walk['owned'][number]];
  const { id = '' } = await make({ project: 'blue' });
  const patch = (path: string, value: string) => [{ op: 'replace', path, value }];
  const ruled: readonly Ruled[] = [
    { rules: ['add_image', 'publicize_image'], request: 'POST /v2/images', body: { name: 'x', visibility: 'public' } },
    {
      rules: ['add_image', 'communitize_image'],
      request: 'POST /v2/images',
      body: { name: 'x', visibility: 'community' },
    },
    { rules: ['context_is_admin'], request: 'POST /v2/images', body: { name: 'x', owner: 'green' } },
    { rules: ['modify_image', 'context_is_admin'], request: `PATCH /v2/images/${id}`, body: patch('/owner', 'blue') },
    {
      rules: ['modify_image', 'publicize_image'],
      request: `PATCH /v2/images/${id}`,
      body: patch('/visibility', 'public'),
    },
    {
      rules: ['modify_image', 'communitize_image'],
      request: `PATCH /v2/images/${id}`,
      body: patch('/visibility', 'community'),
    },
  ];
  assert.deepEqual(await compare(walk, ruled, outside), []);
});
