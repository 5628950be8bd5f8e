import {
  boolean,
  both,
  choice,
  integer,
  list,
  listed,
  namelessUntagged,
  standard,
  text,
  texts,
  uuid,
} from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';

export const qosPolicies = resource('policy', 'policies', {
  table: 'qos_policies',
  under: 'qos',
  missing: ['QosPolicyNotFound', (id) => `QoS policy ${id} could not be found.`],
  sharing: { type: 'qos_policy', from: 'id' },
  attributes: {
    ...standard,
    name: text({ set: both, required: true, ...listed, input: { type: 'string', maxLength: 255 } }),
    shared: boolean({ stored: false, set: both, filter: true }),
    /** Of the networks that its project creates without one. */
    is_default: boolean({ set: both, default: false, ...listed }),
    rules: list<object>({ type: 'object' })({ stored: false }),
  },
});

export const policyRows = qosPolicies.rows;
export type QosPolicy = Row<typeof qosPolicies>;
export type NewQosPolicy = New<typeof qosPolicies>;
export type QosPolicyChange = Change<typeof qosPolicies>;

const missingRule = (type: string): [string, (id: string) => string] => [
  'QosRuleNotFound',
  (id) => `QoS rule of type ${type} with ID ${id} could not be found.`,
];
const parent = {
  path: '/v2.0/qos/policies/:policy_id',
  param: 'policy_id',
  column: 'policyId',
  find: policyRows.find,
};
const ofRule = {
  ...namelessUntagged,
  description: text({ hidden: true }),
  tags: texts({ hidden: true }),
  tenant_id: text({ column: 'projectId', hidden: true }),
  project_id: text({ column: 'projectId', hidden: true }),
  created_at: integer({ hidden: true }),
  updated_at: integer({ hidden: true }),
  revision_number: integer({ column: 'revision', hidden: true }),
  policy_id: uuid({ hidden: true }),
} as const;
const kbps = { set: both, min: 0, max: 2_147_483_647, ...listed } as const;

/** `egress` is what the guest sends. */
export const bandwidthRules = resource('bandwidth_limit_rule', 'bandwidth_limit_rules', {
  table: 'qos_bandwidth_limit_rules',
  missing: missingRule('bandwidth_limit'),
  rule: 'policy_bandwidth_limit_rule',
  parent,
  untagged: true,
  attributes: {
    ...ofRule,
    max_kbps: integer({ ...kbps, required: true }),
    /** 0: eight tenths of a second of the rate. */
    max_burst_kbps: integer({ ...kbps, default: 0 }),
    direction: choice(['egress', 'ingress'])({ set: both, default: 'egress', ...listed }),
  },
});
export type BandwidthRule = Row<typeof bandwidthRules>;

const marks = [0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 44, 46, 48, 56] as const;

/** What the guest sends gets the mark. */
export const dscpRules = resource('dscp_marking_rule', 'dscp_marking_rules', {
  table: 'qos_dscp_marking_rules',
  missing: missingRule('dscp_marking'),
  rule: 'policy_dscp_marking_rule',
  parent,
  untagged: true,
  attributes: { ...ofRule, dscp_mark: choice(marks)({ set: both, required: true, ...listed }) },
});
export type DscpRule = Row<typeof dscpRules>;
