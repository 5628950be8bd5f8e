/** `wattle init`: the authority, the secrets and the settings of a new cloud, and its first node. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureHostId } from '#shared/service/host-id.ts';
import { ensureDirectory, writeOnce } from '../cloud/directory.ts';
import { ensurePasswords } from './backends.ts';
import {
  addressesOf,
  ensureAuthorities,
  keyOfRequest,
  requestCertificate,
  signRequest,
  tlsFile,
} from './certificates.ts';
import { type NodeFile, writeCloudSettings, writeHostSettings, writeNodeFile } from './node-directory.ts';
import { type NodeSpec, registryPort, type SettingsDocument } from './registry/protocol.ts';
import { completeSettings, settingsFor } from './registry/settings-of.ts';
import type { Registry } from './registry/store.ts';
import { bootId } from './this-host.ts';
import { reportOf } from './watch-cloud.ts';

const baseFile = (path: string) => join(path, 'rack', 'base.json');

/**
 * Idempotent: what exists is kept, so an interrupted init can be repeated. `disk` is '' for below var; `virtual` is the address
 * that moves between management nodes, '' for none.
 */
export async function createFirstNode(
  wanted: string,
  spec: Omit<NodeSpec, 'hostId'>,
  given: SettingsDocument,
  disk: string,
  virtual = '',
): Promise<NodeFile> {
  const { path, id } = ensureDirectory(wanted);
  const hostId = await ensureHostId(path);
  const node: NodeFile = { ...spec, hostId, cloudId: id, registry: `${spec.address}:${registryPort}` };
  await ensureAuthorities(path, id);
  const request = await requestCertificate(path, node.name);
  const addresses = addressesOf(node, virtual);
  const { certificate } = await signRequest(path, request, { name: node.name, addresses, isServer: true });
  writeOnce(tlsFile(path, 'node.crt'), certificate, 0o644);
  ensurePasswords(path, node);
  writeHostSettings(path, node, disk);
  const settings = ensureBase(path, node, given, virtual);
  writeCloudSettings(path, settingsFor(completeSettings(settings, [node]), node.roles));
  writeNodeFile(path, node);
  return node;
}

/** The settings that all nodes have in common: those given to init, and where the first node is. */
function ensureBase(
  path: string,
  { address, cloudId }: NodeFile,
  given: SettingsDocument,
  virtual: string,
): SettingsDocument {
  const file = baseFile(path);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as SettingsDocument;
  const base = {
    'compute-agent': { consoleBy: 'tcp', ...given['compute-agent'] },
    ...omit(given, 'cloud', 'compute-agent', 'object-ring'),
    cloud: {
      region: 'RegionOne',
      ...addressSettings(address, virtual),
      ...given.cloud,
      id: cloudId,
    },
    'object-ring': { secret: randomBytes(24).toString('hex'), ...given['object-ring'] },
  };
  writeOnce(file, `${JSON.stringify(base, null, 2)}\n`, 0o600);
  return base;
}

/** Whether `wattle init` made this node. */
export const isFirst = (path: string): boolean => existsSync(baseFile(path));

/** With an address that moves, clients and nodes reach the APIs there, with TLS. */
const addressSettings = (address: string, virtual: string) =>
  virtual
    ? {
        publicAddress: virtual,
        virtualAddress: virtual,
        publicScheme: 'https',
        identityUrl: `https://${virtual}:5000/v3`,
      }
    : { publicAddress: address, identityUrl: `http://${address}:5000/v3` };

const omit = (settings: SettingsDocument, ...names: readonly string[]): SettingsDocument =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));

/** Brings the first node and the settings of init into the registry, unless they are there. */
export async function readFirstNode(registry: Registry, path: string, node: NodeFile): Promise<void> {
  if (!(await registry.findSettings()))
    await registry.saveSettings(JSON.parse(readFileSync(baseFile(path), 'utf8')) as SettingsDocument);
  if (await registry.findNode({ name: node.name })) return;
  const serial = new X509Certificate(readFileSync(tlsFile(path, 'node.crt'))).serialNumber;
  const keyDigest = await keyOfRequest(await requestCertificate(path, node.name));
  const { cloudId: _, registry: __, ...spec } = node;
  const now = Date.now();
  const report = reportOf(path, node);
  await registry.saveNode({
    ...spec,
    serial,
    keyDigest,
    joinedAt: now,
    seenAt: now,
    bootId: bootId(),
    formerBootId: '',
    report,
  });
}
