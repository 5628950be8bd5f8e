/** Adapts the image client to what the driver needs. */
import type { ImageClient } from '#shared/clients/image.ts';
import { digestOf } from '#shared/images/digest.ts';
import type { ImageApi } from './qemu/images.ts';

export const imagesOf = (client: ImageClient): ImageApi => ({
  find: async (id) => {
    const image = await client.show(id);
    const { status, disk_format, container_format } = image;
    return { status, format: disk_format ?? 'raw', container: container_format, ...digestOf(image) };
  },
  download: async (id) => (await client.download(id)).stream,
  upload: (id, body) => client.upload(id, body),
});
