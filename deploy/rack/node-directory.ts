/**
 * What a node knows of itself, in var: `rack/node.json` (what it is), `rack/cloud.json` (the settings of the cloud that its
 * roles read), `rack/host.json` (settings of this host alone). All are written with mode 0600. `node.json` is written last:
 * a directory with it belongs to a node that has joined.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeOnce } from '../cloud/directory.ts';
import { Refusal } from '../command.ts';
import type { CheckInAnswer, NodeSpec, SettingsDocument } from './registry/protocol.ts';
import { objectListen } from './registry/settings-of.ts';

export interface NodeFile extends NodeSpec {
  readonly cloudId: string;
  /** host:port of the registry that it joined at; all management nodes have one. */
  readonly registry: string;
}

const fileOf = (path: string, name: string) => join(path, 'rack', `${name}.json`);

/** Undefined when this directory belongs to no node of a rack. */
export const findNodeFile = (path: string): NodeFile | undefined => readJson<NodeFile>(fileOf(path, 'node'));

/** Throws Refusal. */
export function getNodeFile(path: string): NodeFile {
  const node = findNodeFile(path);
  if (!node) throw new Refusal('this host is no node of a cloud; wattle init or wattle join makes it one');
  return node;
}

export const writeNodeFile = (path: string, node: NodeFile): void => writeJson(path, 'node', node);

/** Settings of the cloud and of this host. */
export const readSettings = (path: string): { cloud: SettingsDocument; host: SettingsDocument } => ({
  cloud: readJson<SettingsDocument>(fileOf(path, 'cloud')) ?? {},
  host: readJson<SettingsDocument>(fileOf(path, 'host')) ?? {},
});

export const writeCloudSettings = (path: string, settings: CheckInAnswer['settings']): void =>
  writeJson(path, 'cloud', settings);

export const writeHostSettings = (path: string, node: NodeSpec, disk: string): void =>
  writeJson(path, 'host', hostSettingsOf(node, disk));

/** The settings that only this node has. `disk` is the directory of its data; '' for below var. */
function hostSettingsOf(node: NodeSpec, disk: string): SettingsDocument {
  const physical = node.externalNic === '' ? {} : { physicalNetworks: [`public=${node.externalNic}`] };
  return {
    cloud: { host: node.name, address: node.address },
    'network-agent': { tunnelAddress: node.tunnelAddress, ...physical },
    'volume-agent': { portal: `${node.storageAddress}:3260`, ...(disk ? { directory: join(disk, 'volumes') } : {}) },
    'object-agent': { listen: objectListen(node), ...(disk ? { devices: join(disk, 'objects') } : {}) },
    ...(disk && node.roles.includes('compute') ? { 'compute-agent': { directory: join(disk, 'guests') } } : {}),
  };
}

function readJson<T>(file: string): T | undefined {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

function writeJson(path: string, name: string, value: unknown): void {
  mkdirSync(join(path, 'rack'), { recursive: true, mode: 0o700 });
  writeOnce(fileOf(path, name), `${JSON.stringify(value, null, 2)}\n`, 0o600);
}
