import type { Json } from '#shared/api/document.ts';
import { jsonBody, jsonOf } from '#shared/resource/schema.ts';

const prefixes = { type: 'array', items: { type: 'string', maxLength: 64 } };
const required = ['prefixes'];

const prefixPath = (operationId: string): Json => ({
  put: {
    operationId,
    requestBody: jsonBody({
      type: 'object',
      additionalProperties: false,
      required,
      properties: { prefixes: { ...prefixes, minItems: 1, maxItems: 50 } },
    }),
    responses: {
      200: jsonOf('The prefixes of the pool', { type: 'object', required, properties: { prefixes } }),
      400: { description: 'Invalid input, or a subnet is from one of them' },
      404: { description: 'Not found' },
      409: { description: 'Another pool of the address scope has one of them' },
    },
  },
});

/** The path items of the prefixes of a pool. */
export const prefixPaths = { add: prefixPath('addPrefixes'), remove: prefixPath('removePrefixes') };
