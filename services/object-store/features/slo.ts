/** Static large objects: PUT of a manifest, and DELETE of an object with all its segments. */
import { checkDeletable } from '../objects/remove.ts';
import { receive } from '../objects/upload.ts';
import type { Feature } from './feature.ts';
import { deleteLarge } from './slo-delete.ts';
import { putManifest } from './slo-put.ts';

export const staticLargeObjects: Feature = {
  matches: ({ query, method }) => query['multipart-manifest'] === method.toLowerCase(),
  object: {
    put: (request) => receive(request, putManifest),
    delete: async (request) => {
      await checkDeletable(request);
      return deleteLarge(request);
    },
  },
};
