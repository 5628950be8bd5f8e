import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { isAdmin } from '#shared/auth/caller.ts';
import { Fault, forbidden } from '#shared/errors/fault.ts';
import { bytes, gone, type Handler } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { allow, findOwn } from '../images/handlers.ts';
import { hasBytes } from '../images/states.ts';
import { type Image, noImage } from '../images/store.ts';
import { rangeOf } from './range.ts';
import { bytesName, type Filling } from './store.ts';
import { uploadImage } from './upload.ts';

const octets = 'application/octet-stream';

const fill =
  (rule: 'upload_image' | 'modify_image', filling: Filling): Handler<Images> =>
  async (images, call) => {
    const image = await findOwn(images, call);
    allow(call, rule, image);
    if (!call.header('content-type')?.startsWith(octets))
      throw new Fault(415, 'badMediaType', `Invalid content type ${call.header('content-type')}: send ${octets}.`);
    try {
      await uploadImage(images, image, call.stream, announcedBytes(call.header), filling);
    } catch (error) {
      await readToEnd(call.stream);
      throw error;
    }
    return gone();
  };

export const putBytes = fill('upload_image', 'saving');
/** Bytes that an import makes the image's own. */
export const stageBytes = fill('modify_image', 'uploading');

function announcedBytes(header: (name: string) => string | undefined): number | undefined {
  const said = header('content-length') ?? header('x-openstack-image-size');
  return said !== undefined && /^\d+$/.test(said) ? Number(said) : undefined;
}

/** A client that is still sending hears no answer: many show a broken pipe instead. Nothing is kept. */
async function readToEnd(stream: IncomingMessage): Promise<void> {
  if (stream.destroyed || stream.readableEnded) return;
  stream.resume();
  await finished(stream, { writable: false }).catch(() => {}); // it went away itself
}

export const getBytes: Handler<Images> = async (images, call) => {
  const image = await findOwn(images, call);
  allow(call, 'download_image', image, call.caller.projectId);
  const { size, uploadId, status } = image;
  if (status === 'deactivated' && !isAdmin(call.caller))
    throw forbidden('The requested image has been deactivated. Image data download is forbidden.');
  if (size === null || uploadId === null || !hasBytes(status)) return gone();
  const range = rangeOf(call.header('range'), call.header('content-range'), size);
  const stream = size === 0 ? Readable.from([]) : await openBytes(images, image, range);
  const length = range ? range.end - range.start + 1 : size;
  return bytes(range ? 206 : 200, stream, {
    'content-type': octets,
    'content-length': String(length),
    'accept-ranges': 'bytes',
    ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${size}` } : {}),
    ...(image.checksum && !range ? { 'content-md5': image.checksum } : {}),
  });
};

async function openBytes(images: Images, { id, uploadId }: Image, range: ReturnType<typeof rangeOf>) {
  try {
    return await images.bytes.open(bytesName(id, uploadId ?? ''), range);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') throw noImage(id); // deleted a moment ago
    throw error;
  }
}
