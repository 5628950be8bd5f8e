/** What hosts say of themselves, and what follows: who has not what it should, or has what nobody knows. */
import type { NetworkReport } from '#shared/contracts/network-agent.ts';
import { atomically, type Network } from '../context.ts';
import { type DirtyTarget, type Kind, listDirty, markDirty } from '../host-sync/store.ts';
import { dirtyTargetOf } from '../networks/restate.ts';
import { networkRows } from '../networks/store.ts';
import { restatePort } from '../ports/restate.ts';
import { boundTo, portRows, setPortState } from '../ports/store.ts';
import { routerRows } from '../routers/store.ts';
import { groupsNeededBy } from '../security-groups/store.ts';
import { dhcpId } from '../specs/dhcp.ts';
import { externalId } from '../specs/external.ts';
import { gatewayHost } from './gateway-host.ts';
import { getHost, type Host, putHost, seenHost } from './store.ts';

interface Known {
  readonly text: string;
  readonly report: NetworkReport;
  readonly writtenAt: number;
  readonly comparedAt: number;
}

export interface Reports {
  /** Called with each look of an agent: many a second when there is much to do. */
  reported(host: string, report: NetworkReport): Promise<void>;
}

const writeEveryMs = 15_000;
const compareEveryMs = 20_000;

export function openReports(network: Network): Reports {
  const known = new Map<string, Known>();
  const reported = async (host: string, report: NetworkReport) => {
    const now = performance.now();
    const { standing: _, ...self } = report;
    const text = JSON.stringify(self);
    const before = known.get(host);
    const same = before?.text === text;
    const fresh = same && now - before.writtenAt < writeEveryMs;
    const compared = before !== undefined && now - before.comparedAt < compareEveryMs;
    known.set(host, {
      text,
      report,
      writtenAt: fresh ? before.writtenAt : now,
      comparedAt: compared ? before.comparedAt : now,
    });
    if (!same) await welcome(network, host, report);
    else if (!fresh) await seenHost(network.db, host);
    if (!compared) await compare(network, host, report.standing);
  };
  return { reported };
}

/** A host that is new, or has changed: another address is news for those that send to it. */
async function welcome(network: Network, host: string, report: NetworkReport): Promise<void> {
  const { hostId, hostname, tunnelAddress, driver, features } = report;
  const now = Date.now();
  await atomically(network, async (within) => {
    const before = await getHost(within.db, host);
    const row: Host = {
      host,
      hostId,
      hostname,
      tunnelAddress,
      driver,
      features,
      firstSeenAt: before?.firstSeenAt ?? now,
      seenAt: now,
    };
    await putHost(within.db, row);
    if (before && before.tunnelAddress !== tunnelAddress) await markPeersDirty(within, host);
    if (host === (await gatewayHost(within))) await placeRouters(within, host);
  });
}

async function markPeersDirty({ db }: Network, host: string): Promise<void> {
  const networkIds = new Set((await boundTo(db, host)).map(({ networkId }) => networkId));
  for (const networkId of networkIds) {
    const ports = (await portRows.where(db, { networkId })).filter(({ bindingHost }) => bindingHost !== '');
    await markDirty(
      db,
      ports.map(dirtyTargetOf(networkId)).filter((each) => each !== undefined),
    );
  }
}

/** Routers that were made when no host was known, and the wires that end here. */
async function placeRouters(network: Network, host: string): Promise<void> {
  const { db } = network;
  for (const router of await routerRows.where(db, {})) {
    if (router.host === host) continue;
    await routerRows.update(db, router.id, { host });
    await markDirty(db, [
      { host: router.host, kind: 'router', subject: router.id },
      { host, kind: 'router', subject: router.id },
    ]);
    for (const port of await portRows.where(db, { deviceId: router.id })) {
      await setPortState(db, port.id, { bindingHost: host, vifType: 'bridge', status: 'DOWN' });
      await restatePort(network, { before: port, after: { ...port, bindingHost: host }, groupIds: [] });
    }
  }
  for (const { id } of await networkRows.where(db, { networkType: 'flat', external: true }))
    await markDirty(db, [{ host, kind: 'external', subject: id }]);
}

/** What should stand on a host, by the id of its request. */
async function wantedOn(network: Network, host: string): Promise<Map<string, DirtyTarget>> {
  const { db } = network;
  const wanted = new Map<string, DirtyTarget>();
  const want = (id: string, kind: Kind, subject: string) => wanted.set(id, { host, kind, subject });
  for (const port of await boundTo(db, host)) {
    const { kind, subject } = dirtyTargetOf(port.networkId)(port) ?? {};
    if (kind && subject) want(kind === 'dhcp' ? dhcpId(subject) : subject, kind, subject);
  }
  for (const id of await groupsNeededBy(db, host)) want(id, 'group', id);
  if (host === (await gatewayHost(network)))
    for (const { id } of await networkRows.where(db, { networkType: 'flat', external: true }))
      want(externalId(id), 'external', id);
  return wanted;
}

/** Whatever differs is marked: the request is made of the rows when it is sent, so a mark too many does no harm. */
async function compare(network: Network, host: string, standing: readonly string[]): Promise<void> {
  const { db, log } = network;
  const wanted = await wantedOn(network, host);
  const there = new Set(standing);
  const lacking = [...wanted].filter(([id]) => !there.has(id)).map(([, each]) => each);
  const strange = standing.filter((id) => !wanted.has(id)).flatMap((id) => unknownMarks(host, id));
  if (lacking.length + strange.length === 0) return;
  const open = await listDirty(db, host);
  const targets = [...lacking, ...strange].filter(({ kind, subject }) => !open.has(`${kind} ${subject}`));
  if (targets.length === 0) return;
  log.info({ host, lacking: lacking.length, strange: strange.length }, 'a host differs from what it should be');
  await atomically(network, (within) => markDirty(within.db, targets));
}

/** A bare id does not say what it names: each kind is asked to be gone, and two of them have nothing to do. */
function unknownMarks(host: string, id: string): DirtyTarget[] {
  const [subject = '', what] = id.split('/');
  if (what === 'dhcp' || what === 'external') return [{ host, kind: what, subject }];
  return (['port', 'router', 'group'] as const).map((kind) => ({ host, kind, subject }));
}
