/** Reports of hosts: keeps them as rows, and marks specs that a host lacks or should not have as dirty. */
import type { NetworkReport } from '#shared/contracts/network-agent.ts';
import { isHeld } from '#shared/db/hold.ts';
import { atomically, type Network } from '../context.ts';
import { isGatewayHost } from '../gateways/choose-host.ts';
import { placeStrays } from '../gateways/take-over.ts';
import { type DirtyTarget, listDirty, markDirty, type SpecKind } from '../host-sync/store.ts';
import { dirtyTargetOf } from '../networks/mark-dirty.ts';
import { networkRows } from '../networks/resource.ts';
import { portRows } from '../ports/resource.ts';
import { boundTo } from '../ports/store.ts';
import { groupsNeededBy } from '../security-groups/store.ts';
import { dhcpId } from '../specs/dhcp.ts';
import { externalId } from '../specs/external.ts';
import { findHost, type Host, updateSeenAt, upsertHost } from './store.ts';

interface LastReport {
  readonly state: string;
  readonly report: NetworkReport;
  readonly writtenAt: number;
  readonly comparedAt: number;
}

export interface Reports {
  /** Called each time an agent asks for work, which can be many times a second. */
  reported(host: string, report: NetworkReport): Promise<void>;
}

const longestWriteMs = 5_000;
const compareEveryMs = 20_000;

export function openReports(network: Network): Reports {
  const writeEveryMs = Math.min(longestWriteMs, network.config.hostDownMs / 5);
  const known = new Map<string, LastReport>();
  const reported = async (host: string, report: NetworkReport) => {
    const now = performance.now();
    const { standing: _, ...self } = report;
    const state = JSON.stringify(self);
    const before = known.get(host);
    const same = before?.state === state;
    const written = same && now - before.writtenAt < writeEveryMs;
    const compared = before !== undefined && now - before.comparedAt < compareEveryMs;
    known.set(host, {
      state,
      report,
      writtenAt: written ? before.writtenAt : now,
      comparedAt: compared ? before.comparedAt : now,
    });
    if (!same) await saveHost(network, host, report);
    else if (!written) await updateSeenAt(network.db, host);
    if (!compared && !(await isHeld(network.db))) await compare(network, host, report.standing);
  };
  return { reported };
}

/** Stores a new or changed host. With a new tunnel address its peers must be updated. */
async function saveHost(network: Network, host: string, report: NetworkReport): Promise<void> {
  const { hostId, hostname, tunnelAddress, driver, features, availabilityZone = 'nova' } = report;
  const { gatewayWeight = 1, physicalNetworks = [], unfit = [] } = report;
  const now = Date.now();
  await atomically(network, async (within) => {
    const before = await findHost(within.db, host);
    const row: Host = {
      host,
      hostId,
      hostname,
      tunnelAddress,
      driver,
      features,
      ...{ availabilityZone, gatewayWeight, physicalNetworks, unfit },
      adminStateUp: true,
      description: null,
      firstSeenAt: before?.firstSeenAt ?? now,
      seenAt: now,
    };
    await upsertHost(within.db, row);
    if (before && before.tunnelAddress !== tunnelAddress) await markNetworksOfHostDirty(within, host);
    await placeRouters(within, host);
  });
}

async function markNetworksOfHostDirty({ db }: Network, host: string): Promise<void> {
  const networkIds = new Set((await boundTo(db, host)).map(({ networkId }) => networkId));
  for (const networkId of networkIds) {
    const ports = (await portRows.where(db, { networkId })).filter(({ bindingHost }) => bindingHost !== '');
    await markDirty(
      db,
      ports.map(dirtyTargetOf(networkId)).filter((each) => each !== undefined),
    );
  }
}

/** A new or changed host may be a gateway host now, or none any more. */
async function placeRouters(network: Network, host: string): Promise<void> {
  await placeStrays(network);
  if (!(await isGatewayHost(network, host))) return;
  for (const { id } of await networkRows.where(network.db, { networkType: 'flat', external: true }))
    await markDirty(network.db, [{ host, kind: 'external', subject: id }]);
}

/** The specs that a host should have, by id. */
export async function wantedOn(
  network: Pick<Network, 'db' | 'config'>,
  host: string,
): Promise<Map<string, DirtyTarget>> {
  const { db } = network;
  const wanted = new Map<string, DirtyTarget>();
  const add = (id: string, kind: SpecKind, subject: string) => wanted.set(id, { host, kind, subject });
  for (const port of await boundTo(db, host)) {
    const { kind, subject } = dirtyTargetOf(port.networkId)(port) ?? {};
    if (kind && subject) add(kind === 'dhcp' ? dhcpId(subject) : subject, kind, subject);
  }
  for (const id of await groupsNeededBy(db, host)) add(id, 'group', id);
  if (await isGatewayHost(network, host))
    for (const { id } of await networkRows.where(db, { networkType: 'flat', external: true }))
      add(externalId(id), 'external', id);
  return wanted;
}

/** Marks differences as dirty. A superfluous mark is harmless, as the spec is made of the rows when it is sent. */
async function compare(network: Network, host: string, applied: readonly string[]): Promise<void> {
  const { db, log } = network;
  const wanted = await wantedOn(network, host);
  const present = new Set(applied);
  const missing = [...wanted].filter(([id]) => !present.has(id)).map(([, each]) => each);
  const unknown = applied.filter((id) => !wanted.has(id)).flatMap((id) => targetsOfUnknown(host, id));
  if (missing.length + unknown.length === 0) return;
  const open = await listDirty(db, host);
  const targets = [...missing, ...unknown].filter(({ kind, subject }) => !open.has(`${kind} ${subject}`));
  if (targets.length === 0) return;
  log.info(
    { host, missing: missing.length, unknown: unknown.length },
    'the specs of a host differ from the rows; reconciling',
  );
  await atomically(network, (within) => markDirty(within.db, targets));
}

/** An id without a suffix may be a port, router or group, so all three are reconciled; the host ignores the other two. */
function targetsOfUnknown(host: string, id: string): DirtyTarget[] {
  const [subject = '', kind] = id.split('/');
  if (kind === 'dhcp' || kind === 'external') return [{ host, kind, subject }];
  return (['port', 'router', 'group'] as const).map((kind) => ({ host, kind, subject }));
}
