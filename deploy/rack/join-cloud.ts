/** `wattle join`: this host becomes a node of a cloud. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureHostId } from '#shared/service/host-id.ts';
import { ensureDirectory, writeOnce } from '../cloud/directory.ts';
import { Refusal } from '../command.ts';
import { requestCertificate, tlsFile } from './certificates.ts';
import { findNodeFile, type NodeFile, writeCloudSettings, writeHostSettings, writeNodeFile } from './node-directory.ts';
import type { JoinAnswer, NodeSpec } from './registry/protocol.ts';
import { sendJoin, verifyRegistry } from './registry-client.ts';
import { bootId, diskOf, version } from './this-host.ts';
import type { JoinToken } from './token.ts';

export interface JoinOptions {
  readonly token: JoinToken;
  /** The directory of the cloud on this host. */
  readonly path: string;
  readonly spec: Omit<NodeSpec, 'hostId'>;
  readonly replaces: string;
  /** '' for below var. */
  readonly disk: string;
  readonly now?: () => number;
  readonly onStep?: (text: string) => void;
}

/** Idempotent: an interrupted join is repeated with the same token. Throws Refusal. */
export async function joinCloud(options: JoinOptions): Promise<NodeFile> {
  const { token, spec, replaces, onStep = () => {} } = options;
  onStep(`verifying the authority of ${token.registry}`);
  const { cloudId, authority } = await verifyRegistry(token.registry, token.fingerprint, options.now);
  const { path } = ensureDirectory(options.path, { id: cloudId });
  const hostId = await ensureHostId(path);
  const certificateRequest = await requestCertificate(path, spec.name);
  onStep(`joining cloud ${cloudId} as ${spec.name}`);
  const answer = await sendJoin(token.registry, authority, {
    token: { id: token.id, secret: token.secret },
    node: { ...spec, hostId },
    replaces,
    certificateRequest,
    report: { version, bootId: bootId(), startedAt: Date.now(), disks: [diskOf(path)], partitions: 0, secrets: {} },
  });
  onStep('writing certificate, secrets and settings');
  return write(path, authority, answer, token.registry, options.disk);
}

/** `node.json` is last: without it the host has not joined. */
function write(path: string, authority: string, answer: JoinAnswer, registry: string, disk: string): NodeFile {
  const { node, certificate, secrets, settings, cloudId } = answer;
  const file: NodeFile = { ...node, cloudId, registry };
  mkdirSync(join(path, 'tls'), { recursive: true });
  for (const [name, secret] of Object.entries(secrets)) {
    if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) throw new Refusal(`the registry sent a secret with the name ${name}`);
    writeOnce(join(path, 'secrets', name), secret, 0o600);
  }
  writeOnce(tlsFile(path, 'ca.crt'), authority, 0o644);
  writeOnce(tlsFile(path, 'node.crt'), certificate, 0o644);
  writeHostSettings(path, node, disk);
  writeCloudSettings(path, settings);
  writeNodeFile(path, file);
  return file;
}

/** The node that this directory belongs to; undefined when it is free. Throws Refusal for a cloud of one box. */
export function findJoined(path: string, hasLayout: boolean): NodeFile | undefined {
  const node = findNodeFile(path);
  if (!node && hasLayout)
    throw new Refusal(`${path} has a cloud of one machine; purge it, or set WATTLE_VAR to another directory`);
  return node;
}
