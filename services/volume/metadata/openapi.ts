import type { Json } from '#shared/api/document.ts';
import { metadataPaths } from '#shared/resource/metadata.ts';

const pairs = {
  type: 'object',
  propertyNames: { minLength: 1, maxLength: 255 },
  additionalProperties: { type: 'string', maxLength: 255 },
};

export const metadata: Json = {
  volume: metadataPaths('Volume', pairs, '200'),
  snapshot: metadataPaths('Snapshot', pairs, '200'),
};
