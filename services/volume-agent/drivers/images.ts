/** The image API as a storage host uses it, with the volume service's own user. */
import { imageClient } from '#shared/clients/image.ts';
import type { Session } from '#shared/clients/session.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { whyNoDisk } from '#shared/images/formats.ts';
import type { ImageStore } from './driver.ts';

export function imagesOf(session: Session): ImageStore {
  const client = imageClient(session);
  return {
    download: async (imageId) => {
      const reason = whyNoDisk(await client.show(imageId));
      if (reason !== undefined) throw badRequest(reason);
      return (await client.download(imageId)).stream;
    },
    upload: (imageId, { stream }) => client.upload(imageId, stream),
  };
}
