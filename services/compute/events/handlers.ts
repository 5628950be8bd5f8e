import type { Caller } from '#shared/auth/caller.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Handler, Route } from '#shared/http/route.ts';
import { attachmentTable } from '../attachments/store.ts';
import { type Compute, portChanged } from '../context.ts';
import { refreshAddresses } from '../interfaces/operations.ts';
import { beginPartTask } from '../server-parts/operations.ts';
import { findServer, type Server } from '../servers/store.ts';
import { extendDisk } from '../workflows/attach-volume.ts';

interface ExternalEvent {
  readonly name: string;
  readonly server_uuid: string;
  readonly status?: string;
  readonly tag?: string;
}

/** External events of other services about ports and volumes. An event triggers a read of the current state. */
const sendEvents: Handler<Compute, { events: readonly ExternalEvent[] }> = async (compute, { body, caller }) => {
  const outcomes = await Promise.all(
    body.events.map(async (event) => {
      const server = await findServer(compute.db, event.server_uuid);
      if (!server) return { ...event, status: 'failed', code: 404 };
      if (server.host === null) return { ...event, status: 'failed', code: 422 };
      if (event.name === 'volume-extended' && !(await extendVolume(compute, caller, server, event)))
        return { ...event, status: 'failed', code: 404 };
      refreshPorts(compute, event);
      return { ...event, status: event.status ?? 'completed', code: 200 };
    }),
  );
  if (outcomes.every(({ code }) => code === 404)) throw new Fault(404, 'notFound', 'No instances found for any event');
  const whole = outcomes.every(({ code }) => code === 200);
  return { status: whole ? 200 : 207, body: { events: outcomes } };
};

/** Enqueues that the guest is told; returns false when the server does not have the volume. */
async function extendVolume(
  compute: Compute,
  caller: Caller,
  server: Server,
  { tag: volumeId = '' }: ExternalEvent,
): Promise<boolean> {
  const { id: serverId } = server;
  const attachment = await attachmentTable.findBy(compute.db, { serverId, volumeId });
  if (!attachment) return false;
  await beginPartTask(compute, caller, server, {
    workflow: extendDisk,
    params: { serverId, attachmentId: attachment.id, volumeId },
    action: 'extend_volume',
    event: 'compute_extend_volume',
    change: async () => {},
  });
  return true;
}

/** Runs in the background; a timer refreshes too if it fails. */
function refreshPorts(compute: Compute, { name, server_uuid: serverId }: ExternalEvent): void {
  if (!name.startsWith('network-')) return;
  compute.bus.notify(portChanged(serverId));
  void refreshAddresses(compute, serverId).catch((error: unknown) =>
    compute.log.warn({ serverId, error }, 'could not read the addresses of a server'),
  );
}

export const eventRoutes: Route<Compute>[] = [
  {
    method: 'post',
    path: '/v2.1/os-server-external-events',
    handler: sendEvents,
    rule: 'os_compute_api:os-server-external-events:create',
  },
];
