import type { Json } from '#shared/api/document.ts';
import { jsonBody } from '#shared/resource/schema.ts';

const addressesPath = (operationId: string, refused: Json): Json => ({
  put: {
    operationId,
    requestBody: jsonBody({
      type: 'object',
      additionalProperties: false,
      required: ['addresses'],
      properties: {
        addresses: { type: 'array', minItems: 1, maxItems: 10_000, items: { type: 'string', maxLength: 64 } },
      },
    }),
    responses: { 200: { $ref: '#/components/answer' }, 400: { description: 'Invalid input' }, ...(refused as object) },
  },
});

/** The path items of the addresses of a group. */
export const addressesPaths = {
  add: addressesPath('addAddresses', {
    404: { description: 'No such group' },
    409: { description: 'It has one of them' },
  }),
  remove: addressesPath('removeAddresses', { 404: { description: 'No such group, or it has not one of them' } }),
};
