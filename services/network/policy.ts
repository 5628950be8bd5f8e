/** Neutron's default rules. A rule with a colon is checked when that attribute is in the body, or before it is shown. */

import type { Caller } from '#shared/auth/caller.ts';
import { enforcerOf, type Policy } from '#shared/auth/policy.ts';

const memberOrAdmin = '(rule:admin_only) or (role:member and project_id:%(project_id)s)';
const readerOrAdmin = '(rule:admin_only) or (role:reader and project_id:%(project_id)s)';
const admin = 'rule:admin_only';
const adminOrService = '(rule:admin_only) or (rule:service_api)';

export const policy: Policy = {
  get_agent: admin,
  update_agent: admin,
  delete_agent: admin,
  get_availability_zone: 'role:reader',
  get_service_provider: 'role:reader',
  context_is_admin: 'role:admin',
  service_api: 'role:service',
  owner: 'project_id:%(project_id)s',
  admin_or_owner: 'rule:context_is_admin or rule:owner',
  context_is_advsvc: 'role:advsvc',
  network_owner: 'project_id:%(network:project_id)s',
  admin_only: 'rule:context_is_admin',
  shared: 'True:%(network:shared)s',
  sg_owner: 'project_id:%(security_group:project_id)s',
  create_floatingip: memberOrAdmin,
  'create_floatingip:floating_ip_address': '(rule:admin_only) or (role:manager and project_id:%(project_id)s)',
  'create_floatingip:tags': memberOrAdmin,
  get_floatingip: readerOrAdmin,
  'get_floatingip:tags': readerOrAdmin,
  update_floatingip: memberOrAdmin,
  'update_floatingip:tags': memberOrAdmin,
  delete_floatingip: memberOrAdmin,
  'delete_floatingip:tags': memberOrAdmin,
  external: 'True:%(network:router:external)s',
  create_network: memberOrAdmin,
  'create_network:shared': admin,
  'create_network:router:external': admin,
  'create_network:is_default': admin,
  'create_network:port_security_enabled': memberOrAdmin,
  'create_network:provider:network_type': admin,
  'create_network:provider:physical_network': admin,
  'create_network:provider:segmentation_id': admin,
  'create_network:tags': memberOrAdmin,
  get_network:
    '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:service_api or rule:shared or rule:external or rule:context_is_advsvc',
  'get_network:provider:network_type': admin,
  'get_network:provider:physical_network': admin,
  'get_network:provider:segmentation_id': admin,
  'get_network:tags':
    '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared or rule:external or rule:context_is_advsvc',
  update_network: memberOrAdmin,
  'update_network:shared': admin,
  'update_network:provider:network_type': admin,
  'update_network:provider:physical_network': admin,
  'update_network:provider:segmentation_id': admin,
  'update_network:router:external': admin,
  'update_network:is_default': admin,
  'update_network:port_security_enabled': memberOrAdmin,
  'update_network:tags': memberOrAdmin,
  delete_network: memberOrAdmin,
  'delete_network:tags': memberOrAdmin,
  get_network_ip_availability: adminOrService,
  network_device: 'True:%(network_device)s',
  create_port: '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner or rule:shared',
  'create_port:device_id': '(rule:admin_only) or (role:member and project_id:%(project_id)s) or rule:service_api',
  'create_port:device_owner':
    'not rule:network_device or (rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
  'create_port:mac_address': '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
  'create_port:fixed_ips':
    '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner or rule:shared',
  'create_port:fixed_ips:ip_address': '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
  'create_port:fixed_ips:subnet_id':
    '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner or rule:shared',
  'create_port:port_security_enabled': '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
  'create_port:binding:host_id': adminOrService,
  'create_port:binding:profile': 'rule:service_api',
  'create_port:binding:vnic_type':
    '(rule:admin_only) or (role:member and project_id:%(project_id)s) or rule:service_api',
  'create_port:allowed_address_pairs': '(rule:admin_only) or (role:member and rule:network_owner) or rule:service_api',
  'create_port:allowed_address_pairs:mac_address':
    '(rule:admin_only) or (role:member and rule:network_owner) or rule:service_api',
  'create_port:allowed_address_pairs:ip_address':
    '(rule:admin_only) or (role:member and rule:network_owner) or rule:service_api',
  'create_port:tags': '(rule:admin_only) or (role:member and project_id:%(project_id)s) or rule:context_is_advsvc',
  get_port:
    '(rule:admin_only) or (rule:service_api) or role:reader and rule:network_owner or role:reader and project_id:%(project_id)s',
  'get_port:binding:vif_type': adminOrService,
  'get_port:binding:vif_details': adminOrService,
  'get_port:binding:host_id': adminOrService,
  'get_port:binding:profile': adminOrService,
  'get_port:tags':
    'rule:context_is_advsvc or (rule:admin_only) or (role:reader and rule:network_owner) or role:reader and project_id:%(project_id)s',
  update_port: '(rule:admin_only) or (rule:service_api) or role:member and project_id:%(project_id)s',
  'update_port:device_id': '(rule:admin_only) or (role:member and project_id:%(project_id)s) or rule:service_api',
  'update_port:device_owner':
    'not rule:network_device or (rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
  'update_port:mac_address': '(rule:admin_only) or (rule:service_api) or role:manager and rule:network_owner',
  'update_port:fixed_ips': '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
  'update_port:fixed_ips:ip_address': '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
  'update_port:fixed_ips:subnet_id':
    '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner or rule:shared',
  'update_port:port_security_enabled': '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
  'update_port:binding:host_id': adminOrService,
  'update_port:binding:profile': 'rule:service_api',
  'update_port:binding:vnic_type':
    '(rule:admin_only) or (rule:service_api) or role:member and project_id:%(project_id)s',
  'update_port:allowed_address_pairs': '(rule:admin_only) or (role:member and rule:network_owner) or rule:service_api',
  'update_port:allowed_address_pairs:mac_address':
    '(rule:admin_only) or (role:member and rule:network_owner) or rule:service_api',
  'update_port:allowed_address_pairs:ip_address':
    '(rule:admin_only) or (role:member and rule:network_owner) or rule:service_api',
  'update_port:tags': '(rule:admin_only) or (role:member and project_id:%(project_id)s) or rule:context_is_advsvc',
  delete_port:
    '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner or role:member and project_id:%(project_id)s',
  'delete_port:tags':
    'rule:context_is_advsvc or role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
  get_quota: '(rule:admin_only) or (role:manager and project_id:%(project_id)s)',
  update_quota: admin,
  delete_quota: admin,
  create_router: memberOrAdmin,
  'create_router:external_gateway_info': memberOrAdmin,
  'create_router:external_gateway_info:network_id': memberOrAdmin,
  'create_router:external_gateway_info:enable_snat': admin,
  'create_router:external_gateway_info:external_fixed_ips': admin,
  'create_router:distributed': admin,
  'create_router:ha': admin,
  'create_router:tags': memberOrAdmin,
  get_router: readerOrAdmin,
  'get_router:distributed': admin,
  'get_router:ha': admin,
  'get_router:tags': readerOrAdmin,
  update_router: memberOrAdmin,
  'update_router:external_gateway_info': memberOrAdmin,
  'update_router:external_gateway_info:network_id': memberOrAdmin,
  'update_router:external_gateway_info:enable_snat': admin,
  'update_router:external_gateway_info:external_fixed_ips': admin,
  'update_router:distributed': admin,
  'update_router:ha': admin,
  'update_router:tags': memberOrAdmin,
  delete_router: memberOrAdmin,
  'delete_router:tags': memberOrAdmin,
  add_router_interface: memberOrAdmin,
  remove_router_interface: memberOrAdmin,
  add_extraroutes: memberOrAdmin,
  remove_extraroutes: memberOrAdmin,
  shared_security_group: 'True:%(shared)s',
  create_security_group: memberOrAdmin,
  'create_security_group:tags': memberOrAdmin,
  get_security_group: '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_security_group',
  'get_security_group:tags':
    '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_security_group',
  update_security_group: memberOrAdmin,
  'update_security_group:tags': memberOrAdmin,
  delete_security_group: memberOrAdmin,
  'delete_security_group:tags': memberOrAdmin,
  create_security_group_rule: '(rule:admin_only) or (role:member and rule:sg_owner)',
  get_security_group_rule: '(rule:admin_only) or (role:reader and rule:sg_owner)',
  delete_security_group_rule: '(rule:admin_only) or (role:member and rule:sg_owner)',
  shared_subnetpools: 'True:%(shared)s',
  create_subnetpool: memberOrAdmin,
  'create_subnetpool:shared': admin,
  'create_subnetpool:is_default': admin,
  'create_subnetpool:tags': memberOrAdmin,
  get_subnetpool: `${readerOrAdmin} or rule:shared_subnetpools`,
  update_subnetpool: memberOrAdmin,
  'update_subnetpool:is_default': admin,
  'update_subnetpool:tags': memberOrAdmin,
  delete_subnetpool: memberOrAdmin,
  'delete_subnetpool:tags': memberOrAdmin,
  external_network: 'True:%(network:router:external)s',
  create_subnet: '(rule:admin_only) or (role:member and rule:network_owner)',
  'create_subnet:service_types': admin,
  'create_subnet:tags':
    'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
  get_subnet:
    'role:reader and project_id:%(project_id)s or rule:shared or rule:external_network or (rule:admin_only) or (role:reader and rule:network_owner) or rule:service_api',
  'get_subnet:tags':
    'role:reader and project_id:%(project_id)s or rule:shared or rule:external_network or (rule:admin_only) or (role:reader and rule:network_owner)',
  update_subnet:
    'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
  'update_subnet:service_types': admin,
  'update_subnet:tags':
    'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
  delete_subnet:
    'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
  'delete_subnet:tags':
    'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
};

const enforcer = enforcerOf(policy);

/** Admins and services act for every project: they see all rows, and may name a project other than their own. */
export const actsForAll = (caller: Caller): boolean =>
  enforcer.may('context_is_admin', caller, {}) || enforcer.may('service_api', caller, {});
