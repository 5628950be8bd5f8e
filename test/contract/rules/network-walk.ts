/** What the walk over the routes of network needs: resources of a project, on a network of that project, shared or not. */
import type { TestContext } from 'node:test';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { nowhere, startCloud } from '../../../services/network/cloud.test.ts';
import { apis } from '../services.ts';
import type { Persona, Target } from './personas.ts';
import type { Walk } from './walk.ts';

const api = apis.find(({ name }) => name === 'network') as Walk['api'];
const admin = 'admin/admin,member,reader';
const v2 = '/v2.0';

export const networkTargets: readonly Target[] = [
  { project: 'blue' },
  { project: 'green' },
  { project: 'green', visibility: 'shared' },
];

export async function networkWalk(t: TestContext, policySettings: PolicySettings = {}): Promise<Walk> {
  const kinds = [
    'Network',
    'Subnet',
    'Port',
    'Router',
    'Floatingip',
    'SecurityGroup',
    'SecurityGroupRule',
    'RbacPolicy',
  ];
  const unlimited = Object.fromEntries(kinds.map((kind) => [`quota${kind}`, -1]));
  const cloud = await startCloud(t, { settings: unlimited, database: 'sqlite::memory:', policySettings });
  let serial = 0;
  const cidr = () => {
    serial += 1;
    return `10.${Math.floor(serial / 256)}.${serial % 256}.0/24`;
  };
  const [outside] = await cloud.list('networks?router:external=True', admin);
  type Make = (target: Target) => Promise<string>;
  const made = async (path: string, one: string, input: object) => (await cloud.make(path, { [one]: input }, admin)).id;
  const network: Make = ({ project, visibility }) =>
    made('networks', 'network', { project_id: project, shared: visibility === 'shared' });
  const subnetOf = (network_id: string, project: string) =>
    made('subnets', 'subnet', { project_id: project, network_id, ip_version: 4, cidr: cidr() });
  const makes: Readonly<Record<string, Make>> = {
    networks: network,
    subnets: async (target) => subnetOf(await network(target), target.project),
    ports: async (target) => made('ports', 'port', { project_id: target.project, network_id: await network(target) }),
    routers: ({ project }) => made('routers', 'router', { project_id: project }),
    floatingips: ({ project }) =>
      made('floatingips', 'floatingip', { project_id: project, floating_network_id: outside?.id }),
    subnetpools: ({ project, visibility }) =>
      made('subnetpools', 'subnetpool', {
        ...{ name: 'x', project_id: project, prefixes: [cidr()] },
        shared: visibility === 'shared',
      }),
    'address-scopes': ({ project, visibility }) =>
      made('address-scopes', 'address_scope', {
        ...{ name: 'x', project_id: project, ip_version: 4 },
        shared: visibility === 'shared',
      }),
    'security-groups': ({ project }) => made('security-groups', 'security_group', { project_id: project, name: 'x' }),
    'security-group-rules': async ({ project }) => {
      const group = await made('security-groups', 'security_group', { project_id: project, name: 'x' });
      return made('security-group-rules', 'security_group_rule', { security_group_id: group, direction: 'ingress' });
    },
    'address-groups': async ({ project, visibility }) => {
      const id = await made('address-groups', 'address_group', { project_id: project, name: 'x' });
      if (visibility === 'shared') await shareWithAll('address_group', id);
      return id;
    },
    'qos/policies': async ({ project, visibility }) => {
      const id = await made('qos/policies', 'policy', { project_id: project, name: 'x' });
      if (visibility === 'shared') await shareWithAll('qos_policy', id);
      return id;
    },
    'rbac-policies': (target) => rbac(target),
  };
  const shareWithAll = (object_type: string, object_id: string) =>
    made('rbac-policies', 'rbac_policy', { object_type, object_id, action: 'access_as_shared', target_tenant: '*' });
  const rbac: Make = async ({ project }) =>
    made('rbac-policies', 'rbac_policy', {
      ...{ project_id: project, object_type: 'network', object_id: await network({ project }) },
      ...{ action: 'access_as_shared', target_tenant: 'yellow' },
    });
  const kept = new Map<string, Promise<string>>();
  const reused = (collection: string, target: Target): Promise<string> => {
    const key = JSON.stringify([collection, target]);
    const found = kept.get(key) ?? (makes[collection] as Make)(target);
    kept.set(key, found);
    return found;
  };
  const tagged = async (collection: string, target: Target) => {
    const id = await reused(collection, target);
    await cloud.ask('PUT', `${v2}/${collection}/${id}/tags/t`, undefined, admin);
    return id;
  };
  /** A policy with a rule, if the policy file allows it; another of its kind is a conflict. */
  const ruleOf = (kind: string, input: object) => async (target: Target) => {
    const policy_id = (await makes['qos/policies']?.(target)) ?? '';
    const one = `${kind}_rule`;
    const { body } = await cloud.ask('POST', `${v2}/qos/policies/${policy_id}/${one}s`, { [one]: input }, admin);
    const { id = 'nosuch' } = (body[one] ?? {}) as { id?: string };
    return { policy_id, id };
  };
  const ids = async (id: Promise<string>) => ({ id: await id });
  return {
    api,
    ask: ({ method, path, body, persona: { project, roles } }) =>
      cloud.ask(method, path, body, `${project}/${roles.join(',')}`),
    owned: [
      ...Object.entries(makes).flatMap(([collection, make]): Walk['owned'][number][] => [
        [new RegExp(`^delete ${v2}/${collection}/:id$`), (target) => ids(make(target))],
        [new RegExp(`^(?:get|delete) ${v2}/${collection}/:id/tags/`), (target) => ids(tagged(collection, target))],
        [new RegExp(`^\\w+ ${v2}/${collection}/:id`), (target) => ids(reused(collection, target))],
      ]),
      [
        /^\w+ \/v2\.0\/floatingips\/:floatingip_id\//,
        async (target) => ({ floatingip_id: await reused('floatingips', target), id: 'nosuch' }),
      ],
      [/^\w+ \/v2\.0\/qos\/policies\/:policy_id\/bandwidth_limit_rules/, ruleOf('bandwidth_limit', { max_kbps: 7 })],
      [/^\w+ \/v2\.0\/qos\/policies\/:policy_id\/dscp_marking_rules/, ruleOf('dscp_marking', { dscp_mark: 26 })],
      [/^post \/v2\.0\/(subnets|ports)$/, (target) => ids(reused('networks', target))],
      [/^post \/v2\.0\/security-group-rules$/, (target) => ids(reused('security-groups', target))],
      [/^\w+ \/v2\.0\/quotas\/:id/, async ({ project }) => ({ id: project })],
    ],
    params: { tag: 't' },
    verdict: Object.fromEntries([
      ...['', '/default', '/details', '/details.json'].map(
        (end) => [`get ${v2}/quotas/:id${end}`, ownOrAdmin] as const,
      ),
      [`get ${v2}/agents`, () => true], // empty for callers who may not see them
    ]),
    bodies: (key, { id }) => bodyOf(key, id ?? '', cidr),
  };
}

/** Its own quota is for everybody. */
const ownOrAdmin = ({ project, roles }: Persona, target: Target) =>
  project === target.project || roles.includes('admin');

function bodyOf(key: string, id: string, cidr: () => string): unknown {
  const [method, path = ''] = key.split(' ');
  if (path.endsWith('/tags') && method !== 'get') return { tags: ['t'] };
  if (path.endsWith('/qos/policies') && method === 'post') return { policy: { name: 'q' } };
  if (path.endsWith('/qos/policies/:id') && method === 'put') return { policy: { name: 'q' } };
  if (path.includes('/bandwidth_limit_rules') && method !== 'get') return { bandwidth_limit_rule: { max_kbps: 7 } };
  if (path.includes('/dscp_marking_rules') && method !== 'get') return { dscp_marking_rule: { dscp_mark: 26 } };
  if (path.includes('/port_forwardings') && method === 'put') return { port_forwarding: { description: 'y' } };
  if (path.includes('/port_forwardings') && method === 'post')
    return {
      port_forwarding: { protocol: 'tcp', internal_port_id: nowhere, external_port: 80, internal_port: 80 },
    };
  if (method === 'post' && path.endsWith('/l3-routers')) return { router_id: nowhere };
  if (method === 'put' && path.endsWith('/agents/:id')) return { agent: { description: 'y' } };
  const one = path.split('/')[2]?.replace(/ies$/, 'y').replace(/s$/, '').replaceAll('-', '_') ?? '';
  const newBodies: Readonly<Record<string, object>> = {
    subnet: { network_id: id, ip_version: 4, cidr: cidr() },
    port: { network_id: id },
    security_group_rule: { security_group_id: id, direction: 'ingress', protocol: 'tcp', port_range_min: 1 },
    network: {},
    router: {},
  };
  if (method === 'post' && Object.hasOwn(newBodies, one)) return { [one]: newBodies[one] };
  if (method === 'put' && one === 'floatingip' && path.endsWith('/:id')) return { floatingip: { description: 'y' } };
  if (method === 'put' && path.endsWith('/:id') && one === 'rbac_policy')
    return { rbac_policy: { target_tenant: 'y' } };
  if (method === 'put' && path.endsWith('/:id') && one !== 'quota') return { [one]: { name: 'y' } };
  return undefined;
}
