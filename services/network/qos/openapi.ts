import { jsonOf } from '#shared/resource/schema.ts';

const required = ['type'];
const type = { type: 'string' };

/** The path items of the types of rules. */
export const ruleTypePaths = {
  collection: {
    get: {
      operationId: 'listRuleTypes',
      responses: {
        200: jsonOf('The types of rules', {
          type: 'object',
          required: ['rule_types'],
          properties: { rule_types: { type: 'array', items: { type: 'object', required, properties: { type } } } },
        }),
      },
    },
  },
  item: {
    get: {
      operationId: 'showRuleType',
      responses: {
        200: jsonOf('The type, with its parameters', {
          type: 'object',
          required: ['rule_type'],
          properties: { rule_type: { type: 'object', required: ['type', 'drivers'], properties: { type } } },
        }),
        404: { description: 'No such type' },
      },
    },
  },
};
