import { badRequest } from '#shared/errors/fault.ts';
import { attributeOf } from '#shared/resource/attribute.ts';
import { rowSchema } from '#shared/resource/schema.ts';
import {
  boolean,
  both,
  choice,
  clearable,
  create,
  digitsOrNull,
  integer,
  list,
  listed,
  namelessUntagged,
  refusedParts,
  standard,
  text,
  uuid,
} from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';

const ethertypes = ['IPv4', 'IPv6'] as const;
const ethertype = attributeOf<(typeof ethertypes)[number]>({
  kind: 'text',
  input: { type: ['string', 'null'] },
  output: { enum: [...ethertypes] },
  parse: (sent) => {
    if (sent === null) return undefined;
    const known = ethertypes.find((each) => each.toLowerCase() === String(sent).toLowerCase());
    if (known) return known;
    throw badRequest(`Invalid input for ethertype. Reason: '${sent}' is not in ['IPv4', 'IPv6'].`, 'HTTPBadRequest');
  },
});
const port = {
  set: create,
  nullable: true,
  default: null,
  ...listed,
  input: digitsOrNull,
  output: { type: 'integer' },
} as const;

/** What a rule allows. */
export const ruleAttributes = {
  ethertype: ethertype({ set: create, default: 'IPv4', ...listed }),
  direction: choice(['ingress', 'egress'])({ set: create, required: true, ...listed }),
  /** A name or a number; null for any. */
  protocol: text({
    set: create,
    nullable: true,
    default: null,
    ...listed,
    input: { type: ['string', 'integer'], maxLength: 40 },
    output: { type: 'string' },
  }),
  port_range_min: integer({ column: 'portMin', ...port }),
  port_range_max: integer({ column: 'portMax', ...port }),
  /** As requested, and with its host bits cleared. */
  remote_ip_prefix: text({
    column: 'cidr',
    set: create,
    nullable: true,
    default: null,
    ...listed,
    input: { type: 'string', maxLength: 64 },
  }),
  remote_address_group_id: uuid({ set: create, nullable: true, default: null, ...listed }),
} as const;

export const securityGroupRules = resource('security_group_rule', 'security_group_rules', {
  table: 'security_group_rules',
  missing: ['SecurityGroupRuleNotFound', (id) => `Security group rule ${id} does not exist`],
  untagged: true,
  ruledByParent: true,
  attributes: {
    ...namelessUntagged,
    description: clearable({ set: create, default: '', ...listed }),
    security_group_id: uuid({ column: 'groupId', set: create, required: true, ...listed }),
    ...ruleAttributes,
    normalized_cidr: text({ nullable: true }),
    remote_group_id: text({
      set: create,
      nullable: true,
      default: null,
      ...listed,
      input: { type: 'string', maxLength: 255 },
    }),
    belongs_to_default_sg: boolean({ stored: false }),
  },
});

export const securityGroups = resource('security_group', 'security_groups', {
  table: 'security_groups',
  missing: ['SecurityGroupNotFound', (id) => `Security group ${id} does not exist`],
  sharing: { type: 'security_group', from: 'id' },
  attributes: {
    ...standard,
    ...refusedParts,
    /** False: each packet needs a rule, replies too. */
    stateful: boolean({ set: both, default: true, ...listed }),
    shared: boolean({ stored: false, filter: true }),
    security_group_rules: list<object>(rowSchema(securityGroupRules.attributes))({ stored: false }),
  },
});

export const groupRows = securityGroups.rows;
export const ruleRows = securityGroupRules.rows;
export type SecurityGroup = Row<typeof securityGroups>;
export type NewGroup = New<typeof securityGroups>;
export type GroupChange = Change<typeof securityGroups>;
export type GroupRule = Row<typeof securityGroupRules>;
export type NewRule = New<typeof securityGroupRules>;
