/** Downloads and uploads images as the user of the volume service. */
import { Readable } from 'node:stream';
import { imageClient } from '#shared/clients/image.ts';
import type { Session } from '#shared/clients/session.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { checkedBytes, digestOf } from '#shared/images/digest.ts';
import { diskRefusal } from '#shared/images/formats.ts';
import type { ImageStore } from './driver.ts';

export function imagesOf(session: Session): ImageStore {
  const client = imageClient(session);
  return {
    download: async (imageId) => {
      const image = await client.show(imageId);
      const reason = diskRefusal(image);
      if (reason !== undefined) throw badRequest(reason);
      const { stream } = await client.download(imageId);
      return Readable.from(checkedBytes(stream, digestOf(image)), { objectMode: false });
    },
    locate: async (imageId) => {
      const { direct_url: url } = await client.show(imageId);
      return typeof url === 'string' ? url : undefined;
    },
    upload: (imageId, { stream }) => client.upload(imageId, stream),
  };
}
