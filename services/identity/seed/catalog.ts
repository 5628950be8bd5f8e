import type { Cloud } from '#shared/config/cloud.ts';

export interface SeededService {
  readonly type: string;
  readonly name: string;
  readonly url: string;
}

/** The usual ports, at the address clients use. */
export function catalogOf({ publicAddress }: Pick<Cloud, 'publicAddress'>): SeededService[] {
  const at = (port: number, path = '') => `http://${publicAddress}:${port}${path}`;
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
