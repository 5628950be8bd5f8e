/** The types of rules that hosts apply. */
import { type Handler, ok } from '#shared/http/route.ts';
import type { Network } from '../context.ts';
import { missing } from '../resources/values.ts';
import { dscpRules } from './resource.ts';

const anyRate = { start: 0, end: 2_147_483_647 };
const ruleTypes = [
  {
    type: 'bandwidth_limit',
    supported_parameters: [
      { parameter_name: 'max_kbps', parameter_type: 'range', parameter_values: anyRate },
      { parameter_name: 'max_burst_kbps', parameter_type: 'range', parameter_values: anyRate },
      { parameter_name: 'direction', parameter_type: 'choices', parameter_values: ['egress', 'ingress'] },
    ],
  },
  {
    type: 'dscp_marking',
    supported_parameters: [
      {
        parameter_name: 'dscp_mark',
        parameter_type: 'choices',
        parameter_values: (dscpRules.attributes.dscp_mark.type.input as { enum: number[] }).enum,
      },
    ],
  },
];

export const listRuleTypes: Handler<Network> = async () => ok({ rule_types: ruleTypes.map(({ type }) => ({ type })) });

export const showRuleType: Handler<Network, unknown, 'id'> = async (_network, { params }) => {
  const found = ruleTypes.find(({ type }) => type === params.id);
  if (!found) throw missing('QosRuleTypeNotFound', `QoS rule type ${params.id} could not be found.`);
  const { type, supported_parameters } = found;
  return ok({ rule_type: { type, drivers: [{ name: 'wattle', supported_parameters }] } });
};
