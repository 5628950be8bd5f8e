/** Servers that ask for it (`ha: true` in their metadata or in the extra specs of their flavor) start again when their host is lost and fenced. */
import { randomUUID } from 'node:crypto';
import type { Compute } from '../context.ts';
import { hasLocalDisks } from '../drivers/fencing/fencing.ts';
import { isLost } from '../hosts/states.ts';
import { agentBinary, listServices, markFenced, type ServiceRow } from '../hosts/store.ts';
import { insertEvent } from '../instance-actions/store.ts';
import { restartElsewhere } from '../server-migrations/evacuate.ts';
import { listIdleServersOn, type Server } from '../servers/store.ts';
import { isTrue } from '../values.ts';

const asksForRestart = ({ metadata, flavor }: Server): boolean => isTrue(metadata.ha) || isTrue(flavor.extraSpecs.ha);

/** Returns the function of the timer. It keeps which refusals are told, so that each is told once per loss. */
export function restarter(compute: Compute): () => Promise<void> {
  const told = new Set<string>();
  return async () => {
    const services = await listServices(compute.db, { binary: agentBinary });
    const lost = services.filter((service) => isLost(compute, service));
    for (const key of told) if (!lost.some(({ host }) => key.startsWith(`${host}/`))) told.delete(key);
    for (const service of lost) await restartServersOf(compute, service, told);
  };
}

async function restartServersOf(compute: Compute, service: ServiceRow, told: Set<string>): Promise<void> {
  const { host } = service;
  const servers = (await listIdleServersOn(compute.db, host)).filter(asksForRestart);
  if (servers.length === 0) return;
  const problem = await ensureFenced(compute, service);
  for (const server of servers) {
    const refusal = problem ?? whyNot(compute, server);
    if (refusal === null) await restart(compute, server);
    else await tell(compute, server, refusal, told);
  }
}

/** Returns why the host is not fenced. One that an administrator declared down is one that he has fenced, as in Nova. */
async function ensureFenced({ db, fencing, log }: Compute, { id, host, fencedAt, forcedDown }: ServiceRow) {
  if (fencedAt !== null || forcedDown) return null;
  const result = await fencing.fence(host);
  if (!result.fenced) return result.reason;
  log.warn({ host, driver: fencing.name }, 'a lost host was fenced');
  await markFenced(db, id, Date.now());
  return null;
}

/** A restart from its image would lose what it wrote, which is for its owner or an administrator to decide. */
function whyNot({ fencing }: Compute, server: Server): string | null {
  if (hasLocalDisks(server))
    return 'It has disks on its host, which a restart elsewhere would lose: evacuate or rebuild it.';
  return fencing.uncovered(server);
}

async function restart(compute: Compute, server: Server): Promise<void> {
  const { id: serverId, host, userId, projectId } = server;
  try {
    await restartElsewhere(compute, { requestId: `req-${randomUUID()}`, userId, projectId }, server);
    compute.log.warn({ serverId, host }, 'a server of a lost host starts elsewhere');
  } catch (error) {
    compute.log.warn({ serverId, host, error }, 'a server of a lost host could not be restarted yet');
  }
}

async function tell({ db, log }: Compute, server: Server, reason: string, told: Set<string>): Promise<void> {
  const key = `${server.host}/${server.id}`;
  if (told.has(key)) return;
  told.add(key);
  log.error({ serverId: server.id, host: server.host, reason }, 'a server of a lost host is not restarted');
  const message = `The host of the server is lost, and the server is not restarted elsewhere. ${reason}`;
  await insertEvent(db, server, { action: 'evacuate', message, requestId: `req-${randomUUID()}` });
}
