/** Advisories on the network API without a test, and why they do not apply. */
export const reasons: Readonly<Record<string, string>> = {
  'FIX-NE-ONBOARD':
    'Subnets are never taken into a pool afterwards: services/network/routes.ts has no onboard_network_subnets below subnetpools.',
  'OSSN-0095':
    'There are no address groups: openapi/network/security-group-rules.yaml takes nothing but null for remote_address_group_id, and no row of a rule can name one.',
};
