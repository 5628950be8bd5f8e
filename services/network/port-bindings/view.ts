import type { Network } from '../context.ts';
import { listHosts } from '../hosts/store.ts';
import type { Port } from '../ports/resource.ts';
import { vifDetails } from '../ports/view.ts';
import { listInactive } from './store.ts';

export interface Binding {
  readonly host: string;
  readonly vifType: Port['vifType'];
  readonly vnicType: string;
  readonly profile: object;
  readonly status: 'ACTIVE' | 'INACTIVE';
}

export const activeBinding = (port: Port): Binding => ({
  host: port.bindingHost,
  vifType: port.vifType,
  vnicType: port.vnicType,
  profile: port.bindingProfile,
  status: 'ACTIVE',
});

/** The active binding of a port, also when that is to no host, and the inactive ones. */
export async function bindingsOf({ db }: Network, port: Port): Promise<Binding[]> {
  const inactive = await listInactive(db, [port.id]);
  return [activeBinding(port), ...inactive.map((each) => ({ ...each, status: 'INACTIVE' as const }))];
}

export async function bindingViews({ db, cloudId }: Network, port: Port, bindings: readonly Binding[]) {
  const hosts = new Map((await listHosts(db)).map((host) => [host.host, host]));
  return bindings.map(({ host, vifType, vnicType, profile, status }) => ({
    host,
    vif_type: vifType,
    vif_details: vifType === 'bridge' ? vifDetails(port, hosts.get(host), cloudId) : {},
    vnic_type: vnicType,
    profile,
    status,
    project_id: port.projectId,
  }));
}
