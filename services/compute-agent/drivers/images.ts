/** The image API, as the driver needs it. */
import type { ImageClient } from '#shared/clients/image.ts';
import type { ImageApi } from './qemu/images.ts';

export const imagesOf = (client: ImageClient): ImageApi => ({
  find: async (id) => {
    const { status, disk_format, container_format, size, os_hash_algo, os_hash_value } = await client.show(id);
    const hash = os_hash_algo && os_hash_value ? { algorithm: os_hash_algo, value: os_hash_value } : null;
    return { status, format: disk_format ?? 'raw', container: container_format, sizeBytes: size, hash };
  },
  download: async (id) => (await client.download(id)).stream,
  upload: (id, body) => client.upload(id, body),
});
