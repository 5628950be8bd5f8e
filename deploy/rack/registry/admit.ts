/** Admits hosts to the cloud: checks the token, and returns what the roles of the host need and no more. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Log } from '#shared/log/log.ts';
import { Refusal } from '../../command.ts';
import { addressesOf, fingerprintOf, keyOfRequest, readTls, signRequest } from '../certificates.ts';
import type { NodeRoleName } from '../node-roles.ts';
import { formatToken } from '../token.ts';
import type { JoinAnswer, JoinRequest, NodeSpec, RenewAnswer, RenewRequest, SettingsDocument } from './protocol.ts';
import { followNodes } from './ring-settings.ts';
import { readSecret, secretNamesOf } from './secrets-of.ts';
import { completeSettings, listByAge, settingsFor } from './settings-of.ts';
import type { NodeRow, Registry, TokenRow } from './store.ts';

export interface RegistryContext {
  readonly registry: Registry;
  /** The directory of the cloud on this management node. */
  readonly path: string;
  readonly cloudId: string;
  readonly version: string;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Creates or updates broker users; idempotent. */
  readonly ensureBrokerUsers: (node: Pick<NodeSpec, 'name' | 'roles'>) => Promise<void>;
  /** Deletes broker users and their passwords; idempotent. */
  readonly revokeBrokerUsers: (node: Pick<NodeSpec, 'name' | 'roles'>) => Promise<void>;
  readonly now: () => number;
}

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** Returns the text of the token; only a hash of its secret is stored. `address` is host:port of the registry. */
export async function createToken(
  { registry, path, now }: Pick<RegistryContext, 'registry' | 'path' | 'now'>,
  spec: {
    readonly roles: readonly NodeRoleName[];
    readonly ttlMs: number;
    readonly uses: number;
    readonly address: string;
  },
): Promise<string> {
  await registry.deleteTokensExpiredBefore(now() - 7 * 86_400_000);
  const [id, secret] = [randomBytes(6).toString('hex'), randomBytes(32).toString('base64url')];
  const { roles, uses, ttlMs, address } = spec;
  await registry.insertToken({ id, secretHash: hashOf(secret), roles, uses, expiresAt: now() + ttlMs });
  return formatToken({ registry: address, fingerprint: fingerprintOf(readTls(path, 'ca.crt')), id, secret });
}

/** Idempotent for a host that repeats its request with the same key. Throws Refusal. */
export async function admit(context: RegistryContext, request: JoinRequest): Promise<JoinAnswer> {
  const { registry, cloudId, log } = context;
  const token = await checkToken(context, request);
  const keyDigest = await keyOfRequest(request.certificateRequest).catch((cause) => {
    throw new Refusal('the certificate request cannot be read', { cause });
  });
  const node = await placeOf(registry, request);
  if (node.roles.includes('management')) requireSharedPlaces(await baseOf(registry));
  if (!(await registry.useToken(token, node.hostId, keyDigest)))
    throw new Refusal(
      `the join token ${token.id} was used already (${token.uses} of ${token.uses} uses); create another one`,
    );
  try {
    await context.ensureBrokerUsers(node);
    const { certificate, row } = await certify(context, node, request, keyDigest);
    await registry.saveNode(row);
    if (request.replaces !== node.name) await retire(context, request.replaces);
    const belongings = await belongingsOf(context, node);
    log.info({ node: node.name, roles: node.roles, token: token.id }, 'a node has joined');
    return { cloudId, node, certificate, ...belongings };
  } catch (error) {
    await registry.returnUse(token, node.hostId);
    throw error;
  }
}

/** The certificate and the passwords of the node end. Does nothing when there is no such node. */
export async function retire(
  { registry, revokeBrokerUsers }: Pick<RegistryContext, 'registry' | 'revokeBrokerUsers'>,
  name: string,
): Promise<void> {
  const node = await registry.findNode({ name });
  if (!node) return;
  await revokeBrokerUsers(node);
  await registry.deleteNode(name);
}

async function checkToken({ registry, now }: RegistryContext, { token, node }: JoinRequest): Promise<TokenRow> {
  const row = await registry.findToken(token.id);
  const [given, stored] = [Buffer.from(hashOf(token.secret)), Buffer.from(row?.secretHash ?? '')];
  if (!row || given.length !== stored.length || !timingSafeEqual(given, stored))
    throw new Refusal('the join token is not known to this cloud: it was changed, or its cloud was removed');
  if (row.expiresAt <= now())
    throw new Refusal(
      `the join token ${row.id} expired at ${new Date(row.expiresAt).toISOString()}; create another one`,
    );
  const foreign = node.roles.find((role) => !row.roles.includes(role));
  if (foreign) throw new Refusal(`the join token ${row.id} is for ${row.roles.join(', ')}, not for ${foreign}`);
  return row;
}

/** Checks that name, host id and addresses are free, or are this host's own from an interrupted join. */
async function placeOf(registry: Registry, { node, replaces }: JoinRequest): Promise<NodeSpec> {
  const nodes = await registry.listNodes();
  if (replaces && !nodes.some(({ name }) => name === replaces || name === node.name))
    throw new Refusal(`there is no node ${replaces} to replace`);
  const others = nodes.filter(({ name }) => name !== replaces);
  const sameName = others.find(({ name }) => name === node.name);
  if (sameName && sameName.hostId !== node.hostId)
    throw new Refusal(
      `a node ${node.name} with another host id has joined; choose another --name, or wattle node remove ${node.name}`,
    );
  const sameId = others.find(({ hostId, name }) => hostId === node.hostId && name !== node.name);
  if (sameId)
    throw new Refusal(
      `this host has the host id of node ${sameId.name} (${node.hostId}): a copy of its disk? Delete host-id in var and join again`,
    );
  const sameAddress = others.find(({ address, name }) => address === node.address && name !== node.name);
  if (sameAddress) throw new Refusal(`node ${sameAddress.name} has the address ${node.address}`);
  return node;
}

/** Each management node serves images, and may have the address of the cloud. */
function requireSharedPlaces({ image, cloud }: SettingsDocument): void {
  if (!cloud?.virtualAddress)
    throw new Refusal(
      'a further management node needs an address that moves to it when the first one is lost: give --virtual-address to wattle init',
    );
  if (image?.directory || String(image?.stores) === 'object-store') return;
  throw new Refusal(
    'a further management node needs a store of images that all of them reach: give wattle init --settings image.stores: [object-store] for nodes with the role object, or image.directory for one that all share (NFS, for example)',
  );
}

/** A new certificate for the key that the node has. The one before stays valid until the new one was used. Throws Refusal. */
export async function renew(context: RegistryContext, node: NodeRow, request: RenewRequest): Promise<RenewAnswer> {
  const { certificateRequest } = request;
  if ((await keyOfRequest(certificateRequest)) !== node.keyDigest)
    throw new Refusal(`the certificate request is not for the key of node ${node.name}: join again for another key`);
  const { certificate, serial } = await signFor(context, node, certificateRequest);
  await context.registry.saveNode({ ...node, serial, formerSerial: node.serial });
  context.log.info({ node: node.name }, 'a certificate was renewed');
  return { certificate };
}

async function certify(
  context: RegistryContext,
  node: NodeSpec,
  { certificateRequest, report }: JoinRequest,
  keyDigest: string,
) {
  const { now } = context;
  const { certificate, serial } = await signFor(context, node, certificateRequest);
  const { bootId } = report;
  const row: NodeRow = { ...node, serial, keyDigest, joinedAt: now(), seenAt: now(), bootId, formerBootId: '', report };
  return { certificate, row };
}

async function signFor({ path, registry }: RegistryContext, node: NodeSpec, certificateRequest: string) {
  const isServer = node.roles.includes('management');
  const addresses = addressesOf(node, isServer ? (await baseOf(registry)).cloud?.virtualAddress : undefined);
  return signRequest(path, certificateRequest, { name: node.name, addresses, isServer });
}

/** The settings and secrets that a node gets when it joins. */
async function belongingsOf(context: RegistryContext, node: NodeSpec) {
  const { path } = context;
  const names = secretNamesOf(path, node);
  const secrets = Object.fromEntries(names.map((name) => [name, readSecret(path, name)]));
  return { settings: settingsFor(await settingsOf(context), node.roles), secrets };
}

/** The settings of the whole cloud, completed by its nodes. */
export async function settingsOf({ registry }: Pick<RegistryContext, 'registry'>): Promise<SettingsDocument> {
  await followNodes(registry);
  return completeSettings(await baseOf(registry), await listByAge(registry));
}

async function baseOf(registry: Registry): Promise<SettingsDocument> {
  const base = await registry.findSettings();
  if (!base) throw new Error('the registry has no settings yet');
  return base;
}
