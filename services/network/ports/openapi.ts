import type { Json } from '#shared/api/document.ts';
import { jsonBody } from '#shared/resource/schema.ts';
import { addressPairList } from './resource.ts';

const pairsPath = (operationId: string): Json => ({
  put: {
    operationId,
    requestBody: jsonBody({
      type: 'object',
      additionalProperties: false,
      required: ['port'],
      properties: {
        port: {
          type: 'object',
          additionalProperties: false,
          required: ['allowed_address_pairs'],
          properties: { allowed_address_pairs: addressPairList },
        },
      },
    }),
    responses: {
      200: { $ref: '#/components/answer' },
      400: { description: 'Invalid input' },
      404: { description: 'Not found' },
      409: { description: 'Port security is disabled' },
    },
  },
});

/** The path items of the address pairs of a port. */
export const addressPairPaths = {
  addPairs: pairsPath('addAllowedAddressPairs'),
  removePairs: pairsPath('removeAllowedAddressPairs'),
};
