/** Every attribute of every network resource, written by every persona, on an own and on a shared network. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checksOf } from '#shared/api/checks.ts';
import { openDocument } from '#shared/api/document.ts';
import { type Cloud, type Json, startCloud } from '../../services/network/cloud.test.ts';
import {
  attributesOf,
  type Body,
  type Persona,
  type Resource,
  refusing,
  rulesFor,
  type Write,
  writesOf,
} from './rules/matrix.ts';
import { neutronDefaults as facts } from './rules/neutron.ts';

const document = openDocument(join(import.meta.dirname, '../../openapi/network'));
const checks = checksOf(document);

const personas: readonly Persona[] = [
  { name: 'admin', projectId: 'admin', roles: ['admin', 'manager', 'member', 'reader'] },
  { name: 'a service', projectId: 'service', roles: ['service', 'reader'] },
  { name: 'manager', projectId: 'blue', roles: ['manager', 'member', 'reader'] },
  { name: 'member', projectId: 'blue', roles: ['member', 'reader'] },
  { name: 'reader', projectId: 'blue', roles: ['reader'] },
  { name: 'a user without a role', projectId: 'blue', roles: ['none'] },
  { name: "the shared network's owner", projectId: 'green', roles: ['member', 'reader'] },
  { name: "the shared network's manager", projectId: 'green', roles: ['manager', 'member', 'reader'] },
  { name: 'another project', projectId: 'red', roles: ['member', 'reader'] },
];
const tokenOf = ({ projectId, roles }: Persona) => `${projectId}/${roles.join(',')}`;
const admin = 'admin/admin,member,reader';

/** A network and its resources. Resources that are updated belong to project blue. */
interface World {
  readonly name: string;
  readonly owner: string;
  readonly shared: boolean;
  readonly networkId: string;
  readonly subnetId: string;
  readonly outsideId: string;
  readonly groupId: string;
}

async function worldOf(cloud: Cloud, name: string, owner: string, shared: boolean): Promise<World> {
  const plain = { name, project_id: owner };
  const { id: networkId } = await cloud.make('networks', { network: { ...plain, shared } }, admin);
  const range = { network_id: networkId, ip_version: 4, cidr: shared ? '10.2.0.0/16' : '10.1.0.0/16' };
  const { id: subnetId } = await cloud.make('subnets', { subnet: { ...plain, ...range } }, admin);
  const [outside] = await cloud.list('networks?router:external=True', admin);
  const group = { name, project_id: 'blue' };
  const { id: groupId } = await cloud.make('security-groups', { security_group: group }, admin);
  return { name, owner, shared, networkId, subnetId, outsideId: outside?.id ?? '', groupId };
}

let serial = 0;
const next = () => {
  serial += 1;
  return serial;
};

function resourcesOf(world: World): Resource[] {
  const text = { name: 'x', description: 'x' };
  const gateway = { network_id: world.outsideId, enable_snat: true };
  return [
    {
      one: 'network',
      path: '/v2.0/networks',
      least: {},
      samples: {
        ...text,
        shared: true,
        'router:external': true,
        is_default: true,
        port_security_enabled: false,
        'provider:network_type': 'local',
        'provider:physical_network': 'public',
        'provider:segmentation_id': 77,
        mtu: 1400,
      },
      defaults: { shared: false, 'router:external': false, is_default: false, port_security_enabled: true },
    },
    {
      one: 'subnet',
      path: '/v2.0/subnets',
      least: { network_id: world.networkId, ip_version: 4, cidr: `10.${100 + (next() % 100)}.0.0/24` },
      samples: { ...text, service_types: ['compute:nova'], enable_dhcp: false, gateway_ip: null },
      defaults: {},
    },
    {
      one: 'port',
      path: '/v2.0/ports',
      least: { network_id: world.networkId },
      samples: {
        ...text,
        mac_address: `fa:16:3e:00:${hex(next())}:${hex(next())}`,
        fixed_ips: [{ subnet_id: world.subnetId }],
        device_id: 'x',
        device_owner: 'network:evil',
        port_security_enabled: false,
        allowed_address_pairs: [{ ip_address: '10.9.9.9', mac_address: 'fa:16:3e:00:00:01' }],
        'binding:host_id': 'kvm-1',
        'binding:profile': { a: 1 },
        'binding:vnic_type': 'normal',
        security_groups: [],
      },
      more: {
        fixed_ips: [[{ ip_address: world.shared ? '10.2.9.9' : '10.1.9.9' }]],
        allowed_address_pairs: [[{ ip_address: '10.9.9.9' }]],
        port_security_enabled: [true],
        device_owner: ['compute:nova'],
      },
      defaults: { device_id: '', device_owner: '', 'binding:vnic_type': 'normal' },
    },
    {
      one: 'router',
      path: '/v2.0/routers',
      least: {},
      samples: { ...text, external_gateway_info: gateway, ha: false, distributed: false, routes: [] },
      more: {
        external_gateway_info: [
          { network_id: world.outsideId },
          { network_id: world.outsideId, external_fixed_ips: [] },
          {},
        ],
      },
      defaults: { external_gateway_info: null },
    },
    {
      one: 'floatingip',
      path: '/v2.0/floatingips',
      least: { floating_network_id: world.outsideId },
      samples: { ...text, floating_ip_address: `172.24.4.${(next() % 200) + 2}`, port_id: null },
      defaults: {},
    },
    {
      one: 'security_group',
      path: '/v2.0/security-groups',
      least: { name: 'x' },
      samples: { ...text, stateful: false },
      defaults: {},
    },
    {
      one: 'security_group_rule',
      path: '/v2.0/security-group-rules',
      least: { security_group_id: world.groupId, direction: 'ingress' },
      samples: { description: 'x', protocol: 'tcp' },
      defaults: {},
    },
    {
      one: 'address_group',
      path: '/v2.0/address-groups',
      least: { name: 'x' },
      samples: { ...text, addresses: ['10.0.0.0/8'] },
      defaults: {},
    },
    {
      one: 'address_scope',
      path: '/v2.0/address-scopes',
      least: { name: 'x', ip_version: 4 },
      samples: { name: 'x', shared: true },
      defaults: { shared: false },
    },
    {
      one: 'subnetpool',
      path: '/v2.0/subnetpools',
      least: { name: 'x', prefixes: ['10.50.0.0/16'] },
      samples: { ...text, shared: true, is_default: true, default_quota: 9 },
      defaults: { shared: false, is_default: false },
    },
  ];
}

const hex = (value: number) => (value % 256).toString(16).padStart(2, '0');

/** The targets of Neutron's rules, derived from the test data. */
const targetOf = (world: World, projectId: string, deviceOwner: unknown) => ({
  project_id: projectId,
  tenant_id: projectId,
  'network:project_id': world.owner,
  'network:shared': world.shared,
  'network:router:external': false,
  'security_group:project_id': 'blue',
  network_device: String(deviceOwner ?? '').startsWith('network:'),
});

const collections: Readonly<Record<string, string>> = { security_group: 'security-groups', security_group_rule: 'x' };
const collectionOf = (one: string) => collections[one] ?? `${one}s`;

/** Creates a resource of project blue to update; returns its id. */
async function createdId(cloud: Cloud, world: World, { one, least, path }: Resource): Promise<string> {
  const shared = one === 'network' ? { shared: world.shared } : {};
  const body = { ...least, ...shared, project_id: ownerOf(world, one) };
  const made = await cloud.ask('POST', path, { [one]: body }, admin);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return (made.body[one] as Json & { id: string }).id;
}

const fits = (resource: Resource, { verb }: Write, body: Body) => {
  const [method, path] = verb === 'create' ? ['post', resource.path] : ['put', `${resource.path}/{id}`];
  return checks.body(method as 'post', path as string, undefined, '2.0', { [resource.one]: body }) === undefined;
};

const refused = ({ status, body }: { status: number; body: Json }): boolean =>
  status === 403 || status === 404 || (status === 400 && JSON.stringify(body).includes("Specifying 'project_id'"));

async function openWorlds(t: TestContext) {
  const unlimited = Object.fromEntries(
    ['Network', 'Subnet', 'Port', 'Router', 'Floatingip', 'SecurityGroup', 'SecurityGroupRule'].map((each) => [
      `quota${each}`,
      -1,
    ]),
  );
  const cloud = await startCloud(t, { settings: unlimited, database: 'sqlite::memory:' });
  const own = await worldOf(cloud, 'own', 'blue', false);
  const shared = await worldOf(cloud, 'shared', 'green', true);
  return { cloud, worlds: [own, shared] };
}

test('OSSA-2014-031, FIX-NE-NETOWNER, FIX-NE-TAGPOLICY: an attribute can be written only by callers who pass its rule', async (t) => {
  const { cloud, worlds } = await openWorlds(t);
  const wrong: string[] = [];
  let asked = 0;
  for (const world of worlds)
    for (const resource of resourcesOf(world)) {
      const hasUpdate = resource.one !== 'security_group_rule';
      const id = hasUpdate ? await createdId(cloud, world, resource) : '';
      for (const write of writesOf(document, facts, resource))
        for (const persona of personas) {
          const { verb, attribute, value } = write;
          const body = verb === 'create' ? { ...resource.least, [attribute]: value } : { [attribute]: value };
          if (!fits(resource, write, body)) continue;
          const owner = verb === 'create' ? persona.projectId : ownerOf(world, resource.one);
          const deviceOwner = attribute === 'device_owner' ? value : '';
          const target = targetOf(world, owner, deviceOwner);
          const no = refusing(facts, rulesFor(facts, resource, write), persona, target);
          const path = verb === 'create' ? resource.path : `${resource.path}/${id}`;
          const method = verb === 'create' ? 'POST' : 'PUT';
          const answer = await cloud.ask(method, path, { [resource.one]: body }, tokenOf(persona));
          asked += 1;
          const said = `${world.name}: ${persona.name} ${verb}s ${resource.one} ${attribute}=${JSON.stringify(value)}`;
          if (answer.status >= 500) wrong.push(`${said}: ${answer.status}`);
          if ((no !== undefined) !== refused(answer))
            wrong.push(
              `${said}: ${answer.status} ${JSON.stringify(answer.body.NeutronError)} but ${no ?? 'no rule refuses'}`,
            );
        }
    }
  assert.deepEqual(wrong.slice(0, 30), [], `${wrong.length} of ${asked}`);
  assert.ok(asked > 1_500, `${asked} writes`);
});

const ownerOf = (world: World, one: string): string => (one === 'network' || one === 'subnet' ? world.owner : 'blue');

test('every attribute that Neutron has a rule for has a sample', async (t) => {
  const { worlds } = await openWorlds(t);
  for (const resource of resourcesOf(worlds[0] ?? assert.fail())) {
    const ruled = Object.keys(facts).flatMap((rule) => {
      const [verb, name] = rule.split(/:(.*)/);
      return verb === `create_${resource.one}` && name && !name.startsWith('tags')
        ? [name.split(/:(?=ip_|mac_|subnet_|network_id|enable_|external_f)/)[0]]
        : [];
    });
    for (const name of ruled) assert.ok((name ?? '') in resource.samples, `${resource.one} ${name}`);
  }
});

test('only callers with admin or service rights create resources for another project', async (t) => {
  const { cloud, worlds } = await openWorlds(t);
  for (const world of worlds)
    for (const resource of resourcesOf(world))
      for (const persona of personas.filter(({ roles }) => !roles.includes('admin') && !roles.includes('service'))) {
        for (const key of ['project_id', 'tenant_id']) {
          const body = { [resource.one]: { ...resource.least, [key]: 'alice' } };
          const answer = await cloud.ask('POST', resource.path, body, tokenOf(persona));
          assert.ok(refused(answer), `${persona.name} ${resource.one} ${key} ${answer.status}`);
        }
        const both = { [resource.one]: { ...resource.least, project_id: persona.projectId, tenant_id: 'alice' } };
        const answer = await cloud.ask('POST', resource.path, both, tokenOf(persona));
        assert.ok([400, 403, 404].includes(answer.status), `${persona.name} ${resource.one} ${answer.status}`);
      }
});

const untagged = new Set(['security_group_rule', 'address_scope', 'address_group']);

test('OSSA-2024-005, FIX-NE-TAGPOLICY: tags can be written only by callers who may update the resource', async (t) => {
  const { cloud, worlds } = await openWorlds(t);
  for (const world of worlds)
    for (const resource of resourcesOf(world).filter(({ one }) => !untagged.has(one))) {
      const id = await createdId(cloud, world, resource);
      const path = `/v2.0/${collectionOf(resource.one)}/${id}/tags`;
      for (const persona of personas) {
        const target = targetOf(world, ownerOf(world, resource.one), '');
        for (const [method, rule, tail, body] of [
          ['PUT', 'update', '', { tags: ['a'] }],
          ['POST', 'update', '', { tags: ['b'] }],
          ['PUT', 'update', '/c', undefined],
          ['DELETE', 'delete', '', undefined],
        ] as const) {
          const no = refusing(facts, [`${rule}_${resource.one}:tags`], persona, target);
          const answer = await cloud.ask(method, `${path}${tail}`, body, tokenOf(persona));
          const said = `${world.name} ${persona.name} ${method} ${resource.one}${tail} ${answer.status}, ${no}`;
          assert.equal(no !== undefined, refused(answer), said);
        }
      }
    }
});

/** Unexpected values: too large, too small, of another type, or names that have a meaning in programs. */
const odd: readonly unknown[] = [
  ...['99999999999999999999', 99_999_999_999, '-1', -1, 1.5, '0', 0, 'NaN', '1e9'],
  ...['', ' ', '\u0000', '\ud800', 'x\n', '__proto__', '%s', "' or 1=1 --", 'é'.repeat(255)],
  ...['::', '0.0.0.0', '0.0.0.0/0', 'fe80::1%eth0', '10.1.0.1/33', '255.255.255.255'],
  ...[null, true, [], {}, [null], [{}], [[]], { constructor: 1 }],
  ...[[{ ip_address: '10.1.0.255' }], [{ subnet_id: '5c9a1e5c-6a1f-4a53-9a59-2a7ce3a25c1a' }]],
  ...[[{ start: '10.1.0.9', end: '10.1.0.2' }], [{ destination: '::/0', nexthop: '10.1.0.9' }]],
];

const inQuery = (value: unknown) => encodeURIComponent(String(value).toWellFormed());

const listKeys = ['limit', 'marker', 'sort_key', 'sort_dir', 'fields', 'page_reverse', 'id', 'name', 'tags'];

/** On sqlite, or on the MySQL server in WATTLE_TEST_MYSQL. */
test('no value of an attribute, filter, sort key or page parameter causes a 500', async (t) => {
  const cloud = await startCloud(t);
  const world = await worldOf(cloud, 'odd', 'admin', true);
  const failed: string[] = [];
  const ask = async (method: string, path: string, body?: Json) => {
    const { status } = await cloud.ask(method, path, body, admin);
    if (status >= 500) failed.push(`${method} ${path} ${JSON.stringify(body)}: ${status}`);
  };
  const write = async (resource: Resource, verb: Write['verb'], path: string) => {
    for (const attribute of attributesOf(document, verb === 'create' ? 'post' : 'put', resource))
      for (const value of odd) {
        const body = verb === 'create' ? { ...resource.least, [attribute]: value } : { [attribute]: value };
        // Bodies that OpenAPI refuses do not reach the service.
        if (fits(resource, { verb, attribute, value }, body))
          await ask(verb === 'create' ? 'POST' : 'PUT', path, { [resource.one]: body });
      }
  };
  for (const resource of resourcesOf(world)) {
    const { one, path } = resource;
    if (one !== 'security_group_rule')
      await write(resource, 'update', `${path}/${await createdId(cloud, world, resource)}`);
    await write(resource, 'create', path);
  }
  for (const word of odd.map(inQuery)) {
    for (const key of [...listKeys, word]) await ask('GET', `/v2.0/ports?${key}=${word}`);
    for (const key of ['ip_version', 'fixed_ips', 'mtu', 'network_id'])
      for (const path of ['ports', 'subnets', 'networks', 'network-ip-availabilities'])
        await ask('GET', `/v2.0/${path}?${key}=${word}`);
    await ask('GET', `/v2.0/routers/${word}`);
    await ask('PUT', `/v2.0/networks/${world.networkId}/tags/${word}`);
    await ask('PUT', `/v2.0/quotas/${word}`, { quota: { network: 7 } });
  }
  assert.deepEqual(failed.slice(0, 30), [], `${failed.length}`);
});
