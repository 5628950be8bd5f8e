/** The service catalog: made at the first start, and moved with the settings unless an administrator has changed it. */
import type { Knex } from 'knex';
import type { Cloud } from '#shared/config/cloud.ts';
import { type Endpoint, endpoint, service } from '../catalog/resource.ts';
import { ensureRegion } from '../catalog/store.ts';
import type { Identity } from '../context.ts';
import { newId } from '../resources/store.ts';
import { listSeeded, recordSeeded } from './store.ts';

interface SeededService {
  readonly type: string;
  readonly name: string;
  readonly url: string;
}

/** The default ports, at the public address. */
function catalogOf({ publicAddress, publicScheme }: Pick<Cloud, 'publicAddress' | 'publicScheme'>): SeededService[] {
  const at = (port: number, path = '') => `${publicScheme}://${publicAddress}:${port}${path}`;
  return [
    { type: 'identity', name: 'keystone', url: at(5000, '/v3') },
    { type: 'compute', name: 'nova', url: at(8774, '/v2.1') },
    { type: 'image', name: 'glance', url: at(9292) },
    { type: 'network', name: 'neutron', url: at(9696) },
    { type: 'placement', name: 'placement', url: at(8778) },
    { type: 'volumev3', name: 'cinderv3', url: at(8776, '/v3/$(project_id)s') },
    { type: 'block-storage', name: 'cinder', url: at(8776, '/v3/$(project_id)s') },
    { type: 'object-store', name: 'swift', url: at(8080, '/v1/AUTH_$(project_id)s') },
  ];
}

const interfaces = ['public', 'internal', 'admin'] as const;

export async function ensureCatalog(tx: Knex, identity: Identity): Promise<void> {
  const { region } = identity.cloud;
  await ensureRegion(tx, region);
  const [services, endpoints] = [await service.rows.list(tx), await endpoint.rows.list(tx)];
  const seeded = await listSeeded(tx);
  for (const { type, name, url } of catalogOf(identity.cloud)) {
    const known = services.find((each) => each.type === type);
    const serviceId = known?.id ?? newId();
    if (!known) await service.rows.insert(tx, { id: serviceId, type, enabled: true, extra: { name } });
    for (const interfaceName of interfaces) {
      const existing = endpoints.find((each) => each.serviceId === serviceId && each.interface === interfaceName);
      if (existing) await moveSeeded(tx, identity, { existing, url, before: seeded.get(existing.id) });
      else await insertEndpoint(tx, { serviceId, interface: interfaceName, regionId: region, url });
    }
  }
}

async function insertEndpoint(
  tx: Knex,
  seeded: Pick<Endpoint, 'serviceId' | 'interface' | 'regionId' | 'url'>,
): Promise<void> {
  const id = newId();
  await endpoint.rows.insert(tx, { id, ...seeded, enabled: true, extra: {} });
  await recordSeeded(tx, id, seeded.url);
}

interface Move {
  readonly existing: Endpoint;
  readonly url: string;
  /** The URL that an earlier start wrote. */
  readonly before: string | undefined;
}

/** Keeps a URL that an administrator has set. */
async function moveSeeded(tx: Knex, { log }: Identity, { existing, url, before }: Move): Promise<void> {
  const { id, url: now } = existing;
  if (now === url || now === before) {
    if (now !== url) await endpoint.rows.update(tx, id, { url });
    if (before !== url) await recordSeeded(tx, id, url);
  } else if (url !== before)
    log.warn(
      { endpoint: id, url: now, own: url },
      'an endpoint was changed by an administrator and is not moved to the address of this cloud',
    );
}
