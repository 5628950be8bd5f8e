/** A network service with fake hosts, which record the calls and specs that they get. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authenticated } from '#shared/auth/caller.ts';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import type { Bus } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import type { ExternalEvent } from '#shared/clients/compute.ts';
import type { IdentityClient } from '#shared/clients/identity.ts';
import { settingsOf } from '#shared/config/settings.ts';
import {
  type DhcpSpec,
  type ExternalSpec,
  type GroupSpec,
  type NetworkAgent,
  type NetworkReport,
  networkAgent,
  type PortSpec,
  type RouterSpec,
} from '#shared/contracts/network-agent.ts';
import { openDatabase } from '#shared/db/open.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { startAgent } from '#shared/hosts/agent.ts';
import { openLog } from '#shared/log/log.ts';
import { fakeCaller } from '../../test/fakes/caller.ts';
import { section } from './config.ts';
import { openNetwork } from './service.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

export type Json = Record<string, unknown>;

/** Polls a condition, less often the longer it takes, so that polling does not slow down the work. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = Date.now() + 30_000;
  for (let ms = 5; !(await holds()); ms = Math.min(2 * ms, 100)) {
    assert.ok(Date.now() < giveUp, `timed out waiting for ${holds}`);
    await sleep(ms);
  }
}

/** The specs of a fake host. */
export interface FakeHost {
  readonly ports: Map<string, PortSpec>;
  readonly groups: Map<string, GroupSpec>;
  readonly dhcp: Map<string, DhcpSpec>;
  readonly routers: Map<string, RouterSpec>;
  readonly external: Map<string, ExternalSpec>;
  /** Verbs and ids of its calls, in order. */
  readonly calls: string[];
  standing(): string[];
}

const emptyHost = (): FakeHost => {
  const [ports, groups, dhcp, routers, external] = [new Map(), new Map(), new Map(), new Map(), new Map()];
  const all = [ports, groups, dhcp, routers, external];
  return { ports, groups, dhcp, routers, external, calls: [], standing: () => all.flatMap((each) => [...each.keys()]) };
};

function driverOf(host: FakeHost): NetworkAgent {
  const keep =
    <Spec extends { id: string }>(verb: string, kept: Map<string, Spec>) =>
    async (spec: Spec) => {
      host.calls.push(`${verb} ${spec.id}`);
      kept.set(spec.id, spec);
      return { refused: [] };
    };
  const drop = (verb: string, kept: Map<string, unknown>) => async (spec: { id: string }) => {
    host.calls.push(`${verb} ${spec.id}`);
    kept.delete(spec.id);
  };
  return {
    ensurePort: keep('ensurePort', host.ports),
    ensurePortGone: drop('ensurePortGone', host.ports),
    ensureGroup: keep('ensureGroup', host.groups),
    ensureGroupGone: drop('ensureGroupGone', host.groups),
    ensureDhcp: keep('ensureDhcp', host.dhcp),
    ensureDhcpGone: drop('ensureDhcpGone', host.dhcp),
    ensureRouter: keep('ensureRouter', host.routers),
    ensureRouterGone: drop('ensureRouterGone', host.routers),
    ensureExternal: keep('ensureExternal', host.external),
    ensureExternalGone: drop('ensureExternalGone', host.external),
  };
}

/** Fake tokens: `x-auth-token: project/role,role`. */
const identify = async (header: (name: string) => string | undefined): Promise<Authenticated> => {
  const [projectId, roles = ''] = (header('x-auth-token') ?? '').split('/');
  if (!projectId) throw unauthorized();
  return fakeCaller({
    userId: `user-of-${projectId}`,
    projectId,
    roles: roles.split(','),
    token: `token-of-${projectId}`,
  });
};

/** An identity that has every project except the unknown ones. */
const identityWithout = (unknown: readonly string[]): IdentityClient => ({
  projectExists: async (id) => !unknown.includes(id),
  findProject: async () => 'admin',
});

export const member = 'blue/member,reader';
export const anonymous = 'red/member,reader';
export const admin = 'admin/admin,member,reader';
export const nova = 'service/service,reader';

interface CloudOptions {
  readonly policySettings?: PolicySettings;
  readonly bus?: Bus;
  readonly settings?: Json;
  readonly database?: string;
  readonly unknownProjects?: readonly string[];
}

/** On sqlite, or on a server: WATTLE_TEST_MYSQL is mysql://user:password@host:port. */
export async function startCloud(
  t: TestContext,
  { bus = memoryBus(), settings = {}, database, unknownProjects = [], policySettings = {} }: CloudOptions = {},
) {
  const server = process.env.WATTLE_TEST_MYSQL;
  const schema = `wattle_t_${randomUUID().slice(0, 8)}`;
  const db = openDatabase(database ?? (server ? `${server}/${schema}` : 'sqlite::memory:'));
  const events: ExternalEvent[] = [];
  const lines: string[] = [];
  const log = openLog({}, (line) => lines.push(line));
  const times = { pollMs: 50, backoffMs: 5, answerMs: 5_000 };
  const config = settingsOf({ network: { ...times, ...settings } }).read('network', section);
  const compute = { sendEvents: async (sent: readonly ExternalEvent[]) => void events.push(...sent) };
  const at = { host: '127.0.0.1', port: 0 };
  const { endpoint, network, close } = await openNetwork({
    runtime: { db, bus, log, config, cloudId: 'test' },
    apiServer: { at, identify, log, policySettings },
    identityUrl: 'http://identity',
    identity: identityWithout(unknownProjects),
    compute,
  });
  const { url } = endpoint;
  const agents = new Set<{ close(): Promise<void> }>();
  t.after(async () => {
    for (const agent of agents) await agent.close();
    await close();
    if (server && !database) await db.raw('DROP SCHEMA ??', [schema]);
    await db.destroy();
  });

  const ask = async (method: string, path: string, body?: unknown, as = member) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-auth-token': as },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Json };
  };
  /** Creates a resource and returns it. */
  const make = async (path: string, input: Json, as = member): Promise<Json & { id: string }> => {
    const [one = ''] = Object.keys(input);
    const { status, body } = await ask('POST', `/v2.0/${path}`, input, as);
    assert.equal(status, 201, JSON.stringify(body));
    return body[one] as Json & { id: string };
  };
  const show = async (path: string, as = member): Promise<Json> => {
    const { status, body } = await ask('GET', `/v2.0/${path}`, undefined, as);
    assert.equal(status, 200, JSON.stringify(body));
    return Object.values(body)[0] as Json;
  };
  const list = async (path: string, as = member) => (await show(path, as)) as unknown as (Json & { id: string })[];

  /** Starts a host that applies every spec; `instead` overrides verbs. */
  const startHost = (
    name: string,
    instead: Partial<NetworkAgent> = {},
    host = emptyHost(),
    zone?: string,
    more: Partial<NetworkReport> = {},
  ) => {
    const report = async () => ({
      hostId: `id-of-${name}`,
      hostname: name,
      tunnelAddress: `192.0.2.${[...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 250}`,
      driver: 'fake',
      features: ['vxlan'],
      ...(zone === undefined ? {} : { availabilityZone: zone }),
      standing: host.standing(),
      ...more,
    });
    const driver = { ...driverOf(host), ...instead };
    const agent = startAgent({ contract: networkAgent, bus, host: name, driver, log, everyMs: 200, report });
    agents.add(agent);
    const stop = () => {
      agents.delete(agent);
      return agent.close();
    };
    return { ...host, stop };
  };
  const hostIsKnown = (name: string) =>
    until(async () => (await list('agents', admin)).some(({ host }) => host === name));
  /** Waits until there are no dirty entries, events or open work. */
  const hostsInSync = () =>
    until(async () => {
      const open = await Promise.all(['statements', 'server_events', 'host_work'].map((table) => db(table)));
      return open.every((rows) => rows.length === 0);
    });
  return { ask, make, show, list, startHost, hostIsKnown, hostsInSync, network, db, events, lines, url, close };
}

export type Cloud = Awaited<ReturnType<typeof startCloud>>;

/** A network with a subnet. */
/** Addresses that ports get by chance, besides those that tests name. */
const byChance = { allocation_pools: [{ start: '10.7.0.130', end: '10.7.0.199' }] };

export async function blueNetwork(cloud: Cloud, cidr = '10.7.0.0/24') {
  const pools = cidr === '10.7.0.0/24' ? byChance : {};
  const network = await cloud.make('networks', { network: { name: 'blue', admin_state_up: true } });
  const subnet = await cloud.make('subnets', {
    subnet: { network_id: network.id, name: 'blue4', ip_version: 4, cidr, ...pools },
  });
  return { network, subnet };
}

export const serverId = '3b46fba1-72a7-42c7-94a8-35681239e8eb';

/** Creates a port and binds it to a host, as compute does for a server. */
export async function bootPort(cloud: Cloud, networkId: string, host: string, device = serverId) {
  const input = { network_id: networkId, device_id: device, device_owner: 'compute:nova', project_id: 'blue' };
  const { id } = await cloud.make('ports', { port: input }, nova);
  const { body } = await cloud.ask('PUT', `/v2.0/ports/${id}`, { port: { 'binding:host_id': host } }, nova);
  return body.port as Json & { id: string };
}

/** A request that must fail; returns its status and error. */
export const refusal = async (cloud: Cloud, method: string, path: string, body?: unknown, as = member) => {
  const answer = await cloud.ask(method, `/v2.0/${path}`, body, as);
  const { type, message } = (answer.body.NeutronError ?? {}) as { type?: string; message?: string };
  return { status: answer.status, type, message };
};

/** An id that does not exist. */
export const nowhere = '99999999-9999-4999-8999-999999999999';
