import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Fault, forbidden } from '#shared/errors/fault.ts';
import { bytes, type Handler, noContent } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { getImageFor } from '../images/handlers.ts';
import { hasBytes } from '../images/states.ts';
import { openData } from '../workflows/locations.ts';
import { rangeOf } from './range.ts';
import type { UploadStatus } from './store.ts';
import { uploadImage } from './upload.ts';

const octets = 'application/octet-stream';

const uploadHandler =
  (rule: 'upload_image' | 'modify_image', uploadStatus: UploadStatus): Handler<Images> =>
  async (images, call) => {
    const image = await getImageFor(images, call, rule);
    if (!call.header('content-type')?.startsWith(octets))
      throw new Fault(415, 'badMediaType', `Invalid content type ${call.header('content-type')}: send ${octets}.`);
    try {
      const store = call.header('x-image-meta-store') || undefined;
      await uploadImage(images, image, call.stream, announcedBytes(call.header), {
        status: uploadStatus,
        store,
        isStaged: uploadStatus === 'uploading',
      });
    } catch (error) {
      await readToEnd(call.stream);
      throw error;
    }
    return noContent();
  };

export const putBytes = uploadHandler('upload_image', 'saving');
/** Stages data for a later import. */
export const stageBytes = uploadHandler('modify_image', 'uploading');

function announcedBytes(header: (name: string) => string | undefined): number | undefined {
  const length = header('content-length') ?? header('x-openstack-image-size');
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** Reads and discards the rest of the body: many clients report a broken pipe instead of the response otherwise. */
async function readToEnd(stream: IncomingMessage): Promise<void> {
  if (stream.destroyed || stream.readableEnded) return;
  stream.resume();
  await finished(stream, { writable: false }).catch(() => {}); // the client disconnected
}

export const getBytes: Handler<Images> = async (images, call) => {
  const image = await getImageFor(images, call, 'download_image', call.caller.projectId);
  const { size, uploadId, status } = image;
  if (status === 'deactivated' && !call.may('context_is_admin'))
    throw forbidden('The requested image has been deactivated. Image data download is forbidden.');
  if (size === null || uploadId === null || !hasBytes(status)) return noContent();
  const range = rangeOf(call.header('range'), call.header('content-range'), size);
  const stream = size === 0 ? Readable.from([]) : await openData(images, image, range);
  const length = range ? range.end - range.start + 1 : size;
  return bytes(range ? 206 : 200, stream, {
    'content-type': octets,
    'content-length': String(length),
    'accept-ranges': 'bytes',
    ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${size}` } : {}),
    ...(image.checksum && !range ? { 'content-md5': image.checksum } : {}),
  });
};
