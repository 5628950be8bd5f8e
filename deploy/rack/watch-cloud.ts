/** A node reports itself to the registry, and follows the settings of the cloud. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { every } from '#shared/clock/every.ts';
import type { Log } from '#shared/log/log.ts';
import { decodePlacement } from '#shared/ring/placement.ts';
import { writePlacement } from '#shared/ring/ring-file.ts';
import { writeOnce } from '../cloud/directory.ts';
import { Refusal } from '../command.ts';
import { isDue, readTls, requestCertificate, tlsFile } from './certificates.ts';
import { getNodeFile, type NodeFile, readSettings, writeCloudSettings } from './node-directory.ts';
import { readRegistries } from './peers.ts';
import type { NodeReport, SettingsDocument } from './registry/protocol.ts';
import { digestsOf, secretNamesOf } from './registry/secrets-of.ts';
import { revisionOf } from './registry/settings-of.ts';
import { RegistryAway, sendCheckIn, sendRenew } from './registry-client.ts';
import { bootId, diskOf, listAddresses, partitionsIn, version } from './this-host.ts';

const intervalMs = 10_000;
/** Of a check before a start. */
const attempts = 3;
const startedAt = Date.now();

export function reportOf(path: string, node: Pick<NodeFile, 'name' | 'roles'>): NodeReport {
  const { host } = readSettings(path);
  const given = Object.values(host).flatMap(({ directory, devices }) => [directory, devices]);
  const disks = [...new Set([path, ...given.filter((each) => typeof each === 'string')])].map(diskOf);
  const devices = host['object-agent']?.devices ?? join(path, 'object-agent');
  const secrets = digestsOf(path, secretNamesOf(path, node));
  return { version, bootId: bootId(), startedAt, disks, partitions: partitionsIn(String(devices)), secrets };
}

/**
 * Reports once. Saves settings that have changed, and returns whether processes must read them again. Throws Refusal when the node does not fit
 * the cloud, and RegistryAway when there is no answer.
 */
export async function checkIn(path: string): Promise<boolean> {
  const node = getNodeFile(path);
  const trust = trustOf(path);
  const { cloudId, hostId } = node;
  const request = { cloudId, hostId, report: reportOf(path, node) };
  const { settings } = await firstToAnswer(readRegistries(path, node), (registry) =>
    sendCheckIn(registry, trust, request),
  );
  const before = readSettings(path).cloud;
  if (revisionOf(settings) === revisionOf(before)) return false;
  writeCloudSettings(path, settings);
  const isRing = revisionOf(withoutRing(settings)) === revisionOf(withoutRing(before));
  return !isRing || !followRing(path, settings);
}

/** The settings without what processes follow while they run: the devices of the ring, and where its replicas are. */
const withoutRing = (settings: SettingsDocument): SettingsDocument => {
  const { devices: _, replicas: __, placement: ___, ...rest } = settings['object-ring'] ?? {};
  return { ...settings, 'object-ring': rest };
};

/** Brings the placement of the ring into the file that processes follow. Returns whether there is such a file. */
function followRing(path: string, { 'object-ring': ring }: SettingsDocument): boolean {
  if (!ring?.placement || !existsSync(join(path, 'object-ring.json'))) return false;
  writePlacement(path, decodePlacement(JSON.parse(String(ring.placement))));
  return true;
}

const trustOf = (path: string) => ({
  ca: readTls(path, 'ca.crt'),
  cert: readTls(path, 'node.crt'),
  key: readTls(path, 'node.key'),
});

/** Renews the certificate of this node when less than a third of its life is left; returns whether it did. Throws like checkIn. */
export async function renewWhenDue(path: string, now = Date.now()): Promise<boolean> {
  if (!isDue(readTls(path, 'node.crt'), now)) return false;
  const node = getNodeFile(path);
  const certificateRequest = await requestCertificate(path, node.name);
  const { certificate } = await firstToAnswer(readRegistries(path, node), (registry) =>
    sendRenew(registry, trustOf(path), { certificateRequest }),
  );
  writeOnce(tlsFile(path, 'node.crt'), certificate, 0o644);
  return true;
}

/** Asks one registry after the other: all of them read the same rows. Throws RegistryAway when none answers. */
async function firstToAnswer<T>(registries: readonly string[], ask: (registry: string) => Promise<T>): Promise<T> {
  const away: string[] = [];
  for (const registry of registries)
    try {
      return await ask(registry);
    } catch (error) {
      if (!(error instanceof RegistryAway)) throw error;
      away.push(error.message);
    }
  throw new RegistryAway(away.join('; '));
}

/**
 * Before a start: throws Refusal when the node does not fit. A registry that is away is no reason: any order of starts works. It is
 * asked again first, since one that restarts would let in a node that does not fit.
 */
export async function checkFit(path: string, log?: Pick<Log, 'warn'>): Promise<void> {
  const { address, name } = getNodeFile(path);
  if (!listAddresses().includes(address))
    throw new Refusal(
      `this host does not have the address ${address} of node ${name}: is this a copy of its disk, or a NIC down?`,
    );
  for (let attempt = 1; ; attempt += 1)
    try {
      await checkIn(path);
      return;
    } catch (error) {
      if (!(error instanceof RegistryAway)) throw error;
      if (attempt === attempts) {
        log?.warn({ error }, 'the registry is away: whether this node fits the cloud is checked later');
        return;
      }
      await sleep(1_000);
    }
}

/**
 * Calls `onChange` after the settings have changed, and `onRenewed` after the certificate of the node has changed. A node that stops
 * fitting goes on, and its log says why.
 */
export function watchCloud(
  path: string,
  log: Pick<Log, 'info' | 'warn' | 'error'>,
  onChange: () => void,
  onRenewed: () => void = () => {},
) {
  let state = '';
  let inUse = readTls(path, 'node.crt');
  const check = async () => {
    if (await checkIn(path)) onChange();
    await renewWhenDue(path);
    const certificate = readTls(path, 'node.crt');
    if (certificate !== inUse) onRenewed();
    inUse = certificate;
    if (state) log.info({}, 'the registry answers again');
    state = '';
  };
  const failed = (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    if (state === message) return;
    state = message;
    if (error instanceof RegistryAway) log.warn({ error: message }, 'the registry is away');
    else log.error({ error: message }, 'this node does not fit the cloud');
  };
  const ticker = every(intervalMs, check, failed);
  ticker.wake();
  return ticker;
}
