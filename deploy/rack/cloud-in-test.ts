/** A registry in this process, on sqlite and without a broker, and hosts that join it: for tests. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { nodeUsers } from './backends.ts';
import { createFirstNode, readFirstNode } from './first-node.ts';
import type { JoinOptions } from './join-cloud.ts';
import { type NodeRoleName, parseRoles } from './node-roles.ts';
import { createToken, type RegistryContext } from './registry/admit.ts';
import type { NodeSpec } from './registry/protocol.ts';
import { serveRegistry } from './registry/server.ts';
import { openRegistry } from './registry/store.ts';
import { parseToken } from './token.ts';

export async function startRegistry(t: TestContext, port: number) {
  const folder = mkdtempSync(join(tmpdir(), 'registry-'));
  chmodSync(folder, 0o755); // otherwise the directory of a cloud becomes a link
  const path = join(folder, 'mgmt1');
  const node = await createFirstNode(
    path,
    { ...specOf('mgmt1', ['management']), address: '127.0.0.1' },
    { network: { underlayMtu: 1600 } },
    '',
  );
  const registry = await openRegistry(`sqlite:${join(folder, 'registry.sqlite')}`);
  await readFirstNode(registry, path, node);
  const state = { now: () => Date.now(), brokerUsers: [] as string[], brokerIsAway: false };
  const context: RegistryContext = {
    registry,
    path,
    cloudId: node.cloudId,
    version: '0.1.0',
    log: { info: () => {}, warn: () => {} },
    now: () => state.now(),
    revokeBrokerUsers: async ({ name }) => void state.brokerUsers.splice(state.brokerUsers.indexOf(name), 1),
    ensureBrokerUsers: async (joining) => {
      if (state.brokerIsAway) throw new Error('the broker is away');
      state.brokerUsers.push(joining.name);
      nodeUsers(path, joining); // generates their passwords
    },
  };
  const server = await serveRegistry(context, { host: '127.0.0.1', port });
  t.after(async () => {
    await server.close();
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const tokenFor = async (roles: readonly NodeRoleName[], { uses = 1, ttlMs = 60_000 } = {}) =>
    parseToken(await createToken(context, { roles, uses, ttlMs, address: `127.0.0.1:${port}` }));
  /** Options with which a host joins; its directory is named as it is. */
  const hostOf = (name: string, token: JoinOptions['token'], ...roles: NodeRoleName[]): JoinOptions => ({
    token,
    path: join(folder, name),
    spec: specOf(name, roles),
    replaces: '',
    disk: '',
  });
  return { ...context, state, folder, node, tokenFor, hostOf };
}

let lastAddress = 1;

export function specOf(name: string, roles: readonly string[]): Omit<NodeSpec, 'hostId'> {
  lastAddress += 1;
  const address = `127.0.1.${lastAddress}`;
  const parsed = parseRoles(roles);
  const devices = parsed.includes('object') ? ['d1'] : [];
  return { name, roles: parsed, address, storageAddress: address, tunnelAddress: address, externalNic: '', devices };
}

export const secretIn = (path: string, name: string): string => readFileSync(join(path, 'secrets', name), 'utf8');
