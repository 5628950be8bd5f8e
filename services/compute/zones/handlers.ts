/** Availability zones: the zones of aggregates, and the default one. */
import { longTime } from '#shared/api/times.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import { defaultZone, zonesOf } from '../aggregates/store.ts';
import type { Compute } from '../context.ts';
import { isUp } from '../hosts/states.ts';
import { listServices, type ServiceRow } from '../hosts/store.ts';
import { zoneOfService } from '../hosts/view.ts';

interface Zone {
  readonly zoneName: string;
  readonly zoneState: { readonly available: boolean };
  readonly hosts: Record<string, Record<string, unknown>> | null;
}

/** `internal` is the zone of this service itself; it is in the detailed list only. */
async function zoneViews(compute: Compute, detail: boolean): Promise<Zone[]> {
  const { db } = compute;
  const [services, zones] = [await listServices(db), await zonesOf(db)];
  const byZone = Map.groupBy(services, (service) => zoneOfService(service, zones));
  if (!byZone.has(defaultZone)) byZone.set(defaultZone, []);
  return [...byZone.entries()]
    .filter(([zone]) => detail || zone !== 'internal')
    .map(([zoneName, found]) => ({
      zoneName,
      zoneState: { available: found.some(({ disabled }) => !disabled) },
      hosts: detail ? hostsOfZone(compute, found) : null,
    }));
}

function hostsOfZone(compute: Compute, services: readonly ServiceRow[]): Record<string, Record<string, unknown>> {
  const hosts: Record<string, Record<string, unknown>> = {};
  for (const service of services) {
    hosts[service.host] ??= {};
    const at = hosts[service.host] as Record<string, unknown>;
    at[service.binary] = {
      available: isUp(compute, service),
      active: !service.disabled,
      updated_at: longTime(service.reportedAt),
    };
  }
  return hosts;
}

const list =
  (detail: boolean): Handler<Compute> =>
  async (compute) =>
    ok({ availabilityZoneInfo: await zoneViews(compute, detail) });

const path = '/v2.1/os-availability-zone';
const rule = 'os_compute_api:os-availability-zone';

export const zoneRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: list(false), rule: `${rule}:list` },
  { method: 'get', path: `${path}/detail`, handler: list(true), rule: `${rule}:detail` },
];
