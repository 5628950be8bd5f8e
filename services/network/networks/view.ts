import type { May } from '../resources/values.ts';
import { standardView } from '../resources/view.ts';
import type { NetworkRow } from './store.ts';

export const networkView = (network: NetworkRow, subnetIds: readonly string[], may: May) => ({
  ...standardView(network),
  admin_state_up: network.adminStateUp,
  status: network.status,
  mtu: network.mtu,
  subnets: subnetIds,
  shared: network.shared,
  'router:external': network.external,
  port_security_enabled: network.portSecurityEnabled,
  qos_policy_id: null,
  l2_adjacency: true,
  availability_zone_hints: [],
  availability_zones: ['nova'],
  ipv4_address_scope: null,
  ipv6_address_scope: null,
  ...(network.external ? { is_default: network.isDefault } : {}),
  ...(may('get_network:provider:network_type', { project_id: network.projectId }) ? providerView(network) : {}),
});

const providerView = ({ networkType, physicalNetwork, segmentationId }: NetworkRow) => ({
  'provider:network_type': networkType,
  'provider:physical_network': physicalNetwork,
  'provider:segmentation_id': networkType === 'vxlan' ? segmentationId : null,
});
